"""Figures of the face models, measured here and now: one command a protocol (docs/face/evaluation.md).

python -m ml.evaluate verification --images DIR --pairs FILE --json
python -m ml.evaluate all-pairs --images DIR --enrol 5 --page FILE
"""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from ml.data.files import DataUnusable
from ml.evaluate import commands
from ml.evaluate.errors import EvaluationError
from ml.evaluate.metrics import TooFewImpostors
from ml.evaluate.options import parser
from ml.evaluate.page import page
from ml.evaluate.result import write_page
from ml.face.manifest import ModelsUnusable

COMMANDS: dict[str, Callable[[commands.Options], list[commands.Figures]]] = {
    "verification": commands.verification,
    "all-pairs": commands.all_pairs_of_people,
    "masked": commands.masked,
    "identification": commands.identification,
    "groups": commands.groups,
    "peer": commands.peer,
    "calibration": commands.calibration,
    "thresholds": commands.thresholds,
    "endurance": commands.endurance,
    "speed": commands.speed,
    "figures": commands.figures,
}


def main(arguments: list[str] | None = None) -> int:
    """0, or 2 with one sentence on stderr when the input cannot be worked with."""
    given = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(given)
    try:
        found = COMMANDS[options.command](options)
        if options.command == "figures":
            return 0
        command = "python -m ml.evaluate " + shlex.join(_without_outputs(given))
        _hand_out(options, [{**figures, "command": command} for figures in found], command)
    except (DataUnusable, EvaluationError, TooFewImpostors, ModelsUnusable) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2
    return 0


def _hand_out(options: commands.Options, found: list[commands.Figures], command: str) -> None:
    content = found[0] if len(found) == 1 else {**found[0], "others": found[1:]}
    line = json.dumps(content, ensure_ascii=False)
    if options.json and options.json != "-":
        write_page(Path(options.json), line + "\n")
    if options.page:
        write_page(options.page, page(f"{options.command}: SmartPayFC face models", found, command))
    if options.json == "-":
        print(line)
    elif not options.json:
        for figures in found:
            _print(figures)


def _print(figures: commands.Figures) -> None:
    for name, value in figures.items():
        if name not in ("det", "reliability"):
            print(f"{name:24} {value}")


def _without_outputs(given: list[str]) -> list[str]:
    """The command as another machine would repeat it: folders by their last name, no output files."""
    kept, skip = [], False
    for position, word in enumerate(given):
        if skip:
            skip = False
            continue
        if word in ("--json", "--page", "--cache"):
            following = given[position + 1 : position + 2]
            skip = bool(following) and not following[0].startswith("--")
            continue
        kept.append(Path(word).name if "/" in word else word)
    return kept


if __name__ == "__main__":
    sys.exit(main())
