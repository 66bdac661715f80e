"""The console command `smartpay`.

Commands import what they run inside their functions: `smartpay --help` then answers at once, and a start of the
shop does not pay for Alembic.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from backend import settings as configuration
from backend.errors import Refusal, SettingsRefused
from backend.settings import Settings

OK = 0
FAILED = 1
REFUSED_SETTINGS = 78  # EX_CONFIG of sysexits.h: starting again changes nothing

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
    return top


def command(commands: Any, name: str, run: Command, meaning: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    made.set_defaults(run=run)
    return made


def init(settings: Settings, _options: argparse.Namespace) -> int:
    from backend.operations.init import init as make

    made = make(settings)
    print(f"{settings.data}: {f'{len(made)} keys made' if made else 'all keys are there'}")
    return OK


def migrate(settings: Settings, options: argparse.Namespace) -> int:
    from backend.operations import migrate as migrations

    if options.down:
        migrations.downgrade(settings.main_url, settings.keys_url, to=options.down)
    else:
        migrations.upgrade(settings.main_url, settings.keys_url)
    for found in migrations.versions(settings.main_url, settings.keys_url):
        print(f"{found.history}: schema {found.current or 'empty'} (newest: {found.newest})")
    return OK


if __name__ == "__main__":
    sys.exit(main())
