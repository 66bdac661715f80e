"""The console command `smartpay`.

Commands import what they run inside their functions: `smartpay --help` then answers at once, and a start of the
shop does not pay for Alembic.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend import settings as configuration
from backend.errors import Refusal, SettingsRefused
from backend.settings import Settings

if TYPE_CHECKING:
    from backend.db.transaction import Runner
    from backend.identity.ports import PinHasher

OK = 0
FAILED = 1
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
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command(commands, "init", init, "make the data folder and its keys; keeps what is there")
    command(commands, "migrate", migrate, "bring the database to this version's schema").add_argument(
        "--down", metavar="REVISION", help="go back to a revision (base: drop every table) instead"
    )
    more_commands(commands)
    return top


def more_commands(commands: Any) -> None:
    seed_options(command(commands, "seed", seed, "fill an empty shop: two stores, demo catalogue and staff"))
    preparing = command(
        commands, "prepare", prepare, "init, migrate and seed in one go, where they are needed"
    )
    seed_options(preparing)
    preparing.set_defaults(down=None)
    serving = command(commands, "serve", serve, "open the shop: API, app, staff pages and worker")
    serve_options(serving)
    seed_options(serving, needed=False)
    serving.set_defaults(down=None)
    command(commands, "worker", work, "deliver messages and tidy up, without serving")
    importing = command(
        commands, "import", import_catalogue, "take over products, prices and stock from a CSV file"
    )
    importing.add_argument("file", type=Path, help="CSV file; its columns: docs of the catalogue")
    importing.add_argument("--json", action="store_true", help="print one JSON object")
    employing = command(commands, "staff-add", staff_add, "let somebody sign in to the staff pages")
    employing.add_argument("login")
    employing.add_argument("--name", help="as shown to others (default: the login)")
    employing.add_argument("--role", choices=ROLES, required=True)
    employing.add_argument(
        "--store", action="append", default=[], metavar="CODE", help="may be repeated (default: every store)"
    )
    examining = command(
        commands, "doctor", doctor, "say what is wrong with this installation, and what to do"
    )
    examining.add_argument("--json", action="store_true", help="print one JSON object")
    address_options(examining)
    examining.add_argument("--settings", action="store_true", help="print docs/settings.md instead")
    examining.add_argument("--problems", action="store_true", help="print docs/problems.md instead")
    showing = command(
        commands, "demo", demo, "walk a whole purchase in a shop of its own, with real faces and labels"
    )
    showing.add_argument(
        "--faces", type=Path, metavar="DIR", help="one folder a person, four pictures or more in each"
    )
    showing.add_argument("--json", action="store_true", help="print one JSON object and no commentary")
    bench_options(command(commands, "bench", bench, "time what a face costs, over HTTP in a shop of its own"))
    proving = command(commands, "reconcile", reconcile, "prove that money, goods and orders agree")
    proving.add_argument("--json", action="store_true", help="print one JSON object")
    face_commands(command(commands, "faces", faces, "look after enrolled faces when the face model changes"))


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
    for act in (looking, renewing):
        act.add_argument("--json", action="store_true", help="print one JSON object")


def bench_options(made: argparse.ArgumentParser) -> None:
    several = configuration.whole(1, 1000)
    made.add_argument("what", choices=("faces",), help="enrolling five pictures, and one check")
    made.add_argument("--faces", type=Path, metavar="DIR", help="one folder a person, else two portraits")
    made.add_argument("--shoppers", type=several, default=40, help="at most (default: %(default)s)")
    made.add_argument("--verifies", type=several, default=5, help="checks of each (default: %(default)s)")
    made.add_argument("--json", type=Path, metavar="FILE", help="the figures, for `ml.evaluate figures`")


def command(commands: Any, name: str, run: Command, meaning: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    made.set_defaults(run=run)
    return made


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
    made.add_argument("--no-worker", action="store_true", help="leave the messages to `smartpay worker`")


def prepare(settings: Settings, options: argparse.Namespace) -> int:
    """One process instead of three: a start of the shop spends most of its time on imports."""
    options.reset = options.reset and settings.data.exists()  # nothing there, nothing to empty
    return init(settings, options) or migrate(settings, options) or seed(settings, options)


def init(settings: Settings, _options: argparse.Namespace) -> int:
    from backend.operations.init import init as make

    made = make(settings)
    print(f"{settings.data}: {f'{len(made)} keys made' if made else 'all keys are there'}")
    return OK


def migrate(settings: Settings, options: argparse.Namespace) -> int:
    from backend.operations import migrate as migrations

    if options.down:
        migrations.downgrade(settings.main_url, settings.keys_url, to=options.down)
    elif any(
        found.current != found.newest for found in migrations.versions(settings.main_url, settings.keys_url)
    ):
        migrations.upgrade(settings.main_url, settings.keys_url)
    for found in migrations.versions(settings.main_url, settings.keys_url):
        print(f"{found.history}: schema {found.current or 'empty'} (newest: {found.newest})")
    return OK


def seed(settings: Settings, options: argparse.Namespace) -> int:
    from backend.clock import SystemClock, SystemIds
    from backend.operations import migrate as migrations
    from backend.operations.seed import LOGINS_FILE
    from backend.operations.seed import seed as fill

    hasher = hasher_of(settings)
    if options.reset:
        if not (settings.data / LOGINS_FILE).exists():
            raise SettingsRefused([f"--reset empties only a demo shop, and {settings.data} is none"])
        migrations.downgrade(settings.main_url, settings.keys_url)
        migrations.upgrade(settings.main_url, settings.keys_url)
    with database(settings) as run:
        logins = fill(run, data=settings.data, hasher=hasher, ids=SystemIds(), now=SystemClock().now())
    print(f"Demo logins (kept in {settings.data / LOGINS_FILE}):")
    for one in logins:
        print(f"  {one.role:<14} {one.login:<10} {one.password}")
    return OK


def staff_add(settings: Settings, options: argparse.Namespace) -> int:
    from backend.clock import SystemClock, SystemIds
    from backend.operations.staff import add

    with database(settings) as run:
        password = add(
            run,
            login=options.login,
            name=options.name or options.login,
            role=options.role,
            store_codes=options.store,
            hasher=hasher_of(settings),
            ids=SystemIds(),
            now=SystemClock().now(),
        )
    print(f"{options.login} may sign in with this password, shown once: {password}")
    return OK


def import_catalogue(settings: Settings, options: argparse.Namespace) -> int:
    from dataclasses import asdict

    from backend.clock import SystemClock, SystemIds
    from backend.operations.import_catalogue import CatalogueRefused, import_file

    try:
        with database(settings) as run:
            content = options.file.read_bytes()
            done = import_file(run, content, ids=SystemIds(), now=SystemClock().now())
    except CatalogueRefused as refused:
        if options.json:
            show({"ok": False, "refused": [asdict(line) for line in refused.lines]})
        for line in refused.lines:
            print(f"line {line.line}, {line.field}: {line.reason}", file=sys.stderr)
        print(f"{options.file}: nothing was imported", file=sys.stderr)
        return FAILED
    if options.json:
        show({"ok": True, **asdict(done)})
    else:
        print(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in asdict(done).items()))
    return OK


def serve(settings: Settings, options: argparse.Namespace) -> int:
    from backend.serve import serve as open_shop

    if options.demo:
        with redirect_stdout(io.StringIO()):  # the welcome says what there is to say
            prepare(settings, options)
    open_shop(
        settings,
        host=options.host,
        port=options.port,
        processes=options.processes,
        threads=options.threads,
        with_worker=not options.no_worker,
    )
    return OK


def work(settings: Settings, _options: argparse.Namespace) -> int:
    from backend.worker import work_alone

    work_alone(settings)
    return OK


def reconcile(settings: Settings, options: argparse.Namespace) -> int:
    from backend.clock import SystemClock
    from backend.operations.reconcile import reconcile as prove

    with database(settings) as run:
        report = prove(run, now=SystemClock().now())
    if options.json:
        show(report.to_json())
    else:
        print("\n".join(report.to_lines()))
    return OK if report.ok else FAILED


def faces(settings: Settings, options: argparse.Namespace) -> int:
    from backend.clock import SystemClock, SystemIds
    from backend.operations import faces as upkeep

    model = upkeep.present_model(settings)
    report: upkeep.Status | upkeep.Renewal
    with database(settings) as run:
        if options.act == "status":
            report = upkeep.status(run, model=model)
        else:
            report = upkeep.re_embed(
                run,
                model=model,
                drop=options.drop,
                dry_run=options.dry_run,
                ids=SystemIds(),
                clock=SystemClock(),
                tell=upkeep.bar,
            )
    if options.json:
        show(report.to_json())
    else:
        print("\n".join(report.to_lines()))
    return OK


def doctor(settings: Settings, options: argparse.Namespace) -> int:
    from backend.operations import doctor as pages

    if options.settings or options.problems:
        print(pages.settings_page() if options.settings else pages.problems_page(), end="")
        return OK
    found = pages.examine(settings, host=options.host, port=options.port)
    if options.json:
        show(pages.to_json(found))
    else:
        print("\n".join(pages.to_lines(found)))
    return OK if pages.healthy(found) else FAILED


def demo(_settings: Settings, options: argparse.Namespace) -> int:
    from backend.operations.demo import walk
    from backend.operations.demo_people import from_folder, from_portraits

    tell = partial(print, flush=True, file=io.StringIO() if options.json else sys.stdout)
    people = from_folder(options.faces) if options.faces else from_portraits()
    tell(people.note)
    report = walk(people, lambda step: tell(step.in_words()))
    if options.json:
        show(report.as_json())
    return OK if report.ok else FAILED


def bench(_settings: Settings, options: argparse.Namespace) -> int:
    from backend.operations.bench_faces import FaceBench

    asked = FaceBench(options.faces, options.shoppers, options.verifies)
    asked.run(options.json, tell=partial(print, flush=True))
    return OK


def hasher_of(settings: Settings) -> PinHasher:
    from backend.adapters.pin_hasher import Argon2PinHasher

    pepper = configuration.secret_file(settings, "pepper.key")
    return Argon2PinHasher({1: pepper}, parallel_max=settings.hash_parallel_max)


@contextmanager
def database(settings: Settings) -> Iterator[Runner]:
    from backend.db.transaction import Runner, engine_for

    engine = engine_for(settings.main_url, pool_size=1)
    try:
        yield Runner(engine)
    finally:
        engine.dispose()


def show(result: Any) -> None:
    print(json.dumps(result, ensure_ascii=False, indent=2, default=str))


if __name__ == "__main__":
    sys.exit(main())
