"""The console command `smartpay`: its words, and what a failure looks like."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID

from backend import commands
from backend import settings as configuration
from backend.commands import FAILED
from backend.errors import Refusal, SettingsRefused
from backend.settings import Settings

REFUSED_SETTINGS = 78  # EX_CONFIG of sysexits.h: starting again changes nothing

ROLES = ("cashier", "packer", "manager", "administrator")
Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    os.umask(0o077)  # database, keys and logins are the owner's alone
    try:
        run: Command = options.run
        return run(configuration.load(data=options.data), options)
    except SettingsRefused as refused:
        for problem in refused.problems:
            print(f"smartpay: {problem}", file=sys.stderr)
        return REFUSED_SETTINGS
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return FAILED
    except Exception as problem:  # the last resort: a sentence for people, the trace for whoever asks
        if options.trace:
            traceback.print_exc()
        print(f"smartpay {options.command}: {sentence(problem)}", file=sys.stderr)
        return FAILED


def sentence(problem: Exception) -> str:
    if isinstance(problem, Refusal):
        facts = ", ".join(f"{name}: {value}" for name, value in problem.facts.items())
        return f"{problem.code} ({facts})" if facts else problem.code
    first_line = str(problem).strip().partition("\n")[0]
    kind = type(problem).__name__
    if kind == "OperationalError":  # by name: SQLAlchemy is not imported for --help
        return f"the database does not answer: {first_line}; see: smartpay doctor"
    return f"{kind}: {first_line}; the same command with `smartpay --trace …` shows where"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="smartpay",
        description="SmartPayFC: scan a catalogue, prove who you are with face and PIN, pay, collect.",
        epilog="Settings: from the environment and smartpay.env in the data folder; see docs/settings.md.",
    )
    top.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default: SMARTPAY_DATA, else ./var)"
    )
    top.add_argument("--trace", action="store_true", help="show where an unexpected error came from")
    names = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    opening(names)
    filling(names)
    looking_after(names)
    showing(names)
    return top


def opening(names: Any) -> None:
    command(names, "init", commands.init, "make the data folder and its keys; keeps what is there")
    migrating = command(names, "migrate", commands.migrate, "bring the database to this version's schema")
    migrating.add_argument(
        "--down", metavar="REVISION", help="go back to a revision (base: drop every table) instead"
    )
    preparing = command(
        names, "prepare", commands.prepare, "init, migrate and seed in one go, where they are needed"
    )
    seed_options(preparing)
    preparing.set_defaults(down=None)
    serving = command(names, "serve", commands.serve, "open the shop: API, app, staff pages and worker")
    serve_options(serving)
    seed_options(serving, needed=False)
    serving.set_defaults(down=None)
    command(names, "worker", commands.work, "deliver messages and tidy up, without serving")


def filling(names: Any) -> None:
    seed_options(
        command(names, "seed", commands.seed, "fill an empty shop: two stores, demo catalogue and staff")
    )
    importing = command(
        names, "import", commands.import_catalogue, "take over products, prices and stock from a CSV file"
    )
    importing.add_argument("file", type=Path, help="CSV file; its columns: docs of the catalogue")
    json_option(importing)
    employing = command(names, "staff-add", commands.staff_add, "let somebody sign in to the staff pages")
    employing.add_argument("login")
    employing.add_argument("--name", help="as shown to others (default: the login)")
    employing.add_argument("--role", choices=ROLES, required=True)
    employing.add_argument(
        "--store", action="append", default=[], metavar="CODE", help="may be repeated (default: every store)"
    )
    selling = command(
        names,
        "store-set",
        commands.store_set,
        "name who sells in a store: then its receipts are tax invoices",
    )
    selling.add_argument("store", metavar="CODE")
    selling.add_argument("--legal-name", required=True, help="at most 127 bytes of UTF-8")
    selling.add_argument("--vat-number", required=True, help="fifteen digits")
    selling.add_argument("--address-en", required=True)
    selling.add_argument("--address-ar", required=True)


def looking_after(names: Any) -> None:
    examining = command(
        names, "doctor", commands.doctor, "say what is wrong with this installation, and what to do"
    )
    json_option(examining)
    address_options(examining)
    examining.add_argument("--settings", action="store_true", help="print docs/settings.md instead")
    examining.add_argument("--problems", action="store_true", help="print docs/problems.md instead")
    backup_commands(names)
    proving = command(names, "reconcile", commands.reconcile, "prove that money, goods and orders agree")
    json_option(proving)
    proving.add_argument(
        "--since",
        type=utc_day,
        metavar="DAY",
        help="only what was made on this UTC day or later; the daily form",
    )
    counting = command(names, "rollups", commands.rollups, "count past days for the sales report again")
    counting.add_argument("act", choices=("rebuild",))
    counting.add_argument(
        "--since", type=utc_day, metavar="DAY", help="only from this day on; all of them if absent"
    )
    face_commands(
        command(names, "faces", commands.faces, "look after enrolled faces when the face model changes")
    )
    webhook_commands(command(names, "webhooks", commands.webhooks, "look after integrators' endpoints"))


def showing(names: Any) -> None:
    walking = command(
        names, "demo", commands.demo, "walk a whole purchase in a shop of its own, with real faces and labels"
    )
    walking.add_argument(
        "--faces", type=Path, metavar="DIR", help="one folder a person, four pictures or more in each"
    )
    walking.add_argument("--json", action="store_true", help="print one JSON object and no commentary")
    bench_options(
        command(names, "bench", commands.bench, "time what a face costs, over HTTP in a shop of its own")
    )


def backup_commands(names: Any) -> None:
    meaning = "write down what the shop holds, while it serves; without its keys"
    writing = command(names, "backup", commands.backup, meaning)
    writing.add_argument("--with-keys", action="store_true", help="also write the keys, into FILE.keys")
    meaning = "put a backup into an empty shop, whole or not at all"
    reading = command(names, "restore", commands.restore, meaning)
    reading.add_argument("--with-keys", action="store_true", help="also put back the keys, from FILE.keys")
    for made in (writing, reading):
        made.add_argument("file", type=Path, metavar="FILE")
    moving = command(names, "move", commands.move, "copy a shop that is closed into another, empty database")
    moving.add_argument("--to", type=configuration.database_url, required=True, metavar="URL")
    for made in (writing, reading, moving):
        json_option(made)


def face_commands(made: argparse.ArgumentParser) -> None:
    made.set_defaults(drop=False, dry_run=False)
    acts = made.add_subparsers(dest="act", required=True, metavar="ACT")
    looking = acts.add_parser("status", help="count shoppers and templates by the version of the face model")
    renewing = acts.add_parser(
        "re-embed", help="ask shoppers whose templates are of another version to enrol again, once"
    )
    renewing.add_argument("--dry-run", action="store_true", help="only say what would be done")
    renewing.add_argument(
        "--drop", action="store_true", help="also delete those templates: going back to that model needs them"
    )
    json_option(looking)
    json_option(renewing)


def webhook_commands(made: argparse.ArgumentParser) -> None:
    acts = made.add_subparsers(dest="act", required=True, metavar="ACT")
    looking = acts.add_parser("status", help="every endpoint, and the last 100 deliveries that failed")
    again = acts.add_parser("replay", help="send one of them again, as soon as a worker is free")
    again.add_argument("endpoint", type=UUID, metavar="ENDPOINT")
    again.add_argument("event", type=UUID, metavar="EVENT")
    json_option(looking)
    json_option(again)


def bench_options(made: argparse.ArgumentParser) -> None:
    several = configuration.whole(1, 1000)
    made.add_argument("what", choices=("faces",), help="enrolling five pictures, and one check")
    made.add_argument("--faces", type=Path, metavar="DIR", help="one folder a person, else two portraits")
    made.add_argument("--shoppers", type=several, default=40, help="at most (default: %(default)s)")
    made.add_argument("--verifies", type=several, default=5, help="checks of each (default: %(default)s)")
    made.add_argument("--json", type=Path, metavar="FILE", help="the figures, for `ml.evaluate figures`")


def command(names: Any, name: str, run: Command, meaning: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = names.add_parser(name, help=meaning, description=meaning)
    made.set_defaults(run=run)
    return made


def utc_day(text: str) -> datetime:
    """Its begin."""
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def json_option(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="print one JSON object")


def seed_options(made: argparse.ArgumentParser, *, needed: bool = True) -> None:
    meaning = (
        "the only set of data so far" if needed else "first make what a demo shop lacks: keys, schema, goods"
    )
    made.add_argument("--demo", action="store_true", required=needed, help=meaning)
    made.add_argument(
        "--reset", action="store_true", help="first empty the demo shop, with its shoppers and orders"
    )


def address_options(made: argparse.ArgumentParser) -> None:
    made.add_argument("--host", default="127.0.0.1", help="address to serve at (default: %(default)s)")
    made.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: %(default)s)")


def serve_options(made: argparse.ArgumentParser) -> None:
    address_options(made)
    made.add_argument(
        "--processes", type=int, default=1, help="serving processes; more than one needs PostgreSQL"
    )
    made.add_argument("--threads", type=int, default=16, help="threads a process (default: %(default)s)")
    meaning = "seconds in which /readyz says 503 before the node stops, for a balancer that looks"
    made.add_argument(
        "--drain-s", type=configuration.whole(0, 300), default=0, help=f"{meaning} (default: %(default)s)"
    )
    made.add_argument("--no-worker", action="store_true", help="leave the messages to `smartpay worker`")


if __name__ == "__main__":
    sys.exit(main())
