"""Pictures of people → crops to train and measure on; the same pictures with masks.

python -m ml.data prepare pins=/pictures/pins /pictures/lfw --out data --workers 4
python -m ml.data masks /pictures/lfw --out /pictures/lfw-masked --recipe train
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from ml.data.files import DataUnusable
from ml.data.finder import Finder
from ml.data.mask_folder import Masking, mask_folder
from ml.data.masks import RECIPES
from ml.data.prepare import Preparation, prepare
from ml.data.workers import unseen
from ml.face.manifest import ModelsUnusable
from ml.face.pipeline import FaceEngine

Item = TypeVar("Item")
WHEN_STOPPED = {
    "prepare": "the same call goes on from the last finished pack",
    "masks": "the folder holds whole pictures but no report.json: delete it before the next call",
}


def main(arguments: list[str] | None = None) -> None:
    """Ends with status 2 and one sentence on standard error for what the caller can mend."""
    options = _parser().parse_args(arguments)
    try:
        report = {"prepare": _prepare, "masks": _masks}[options.command](options)
    except (DataUnusable, ModelsUnusable) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(f"Stopped; {WHEN_STOPPED[options.command]}.", file=sys.stderr)
        sys.exit(130)
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    elif options.command == "prepare":
        _print(report)
    else:
        missed, broken = len(report["undetected"]), len(report["unreadable"])
        print(
            f"{report['drawn']} of {report['read']} masked; left out: {missed} undetected, {broken} unreadable"
        )


def _prepare(options: argparse.Namespace) -> dict[str, Any]:
    run = Preparation(
        sources=tuple(options.source),
        out=options.out,
        leave_out_names=tuple(options.leave_out_names),
        look_alikes_of=options.look_alikes_of,
        workers=options.workers,
    )
    return prepare(run, progress_bar)


def _masks(options: argparse.Namespace) -> dict[str, Any]:
    run = Masking(options.images, options.out, options.recipe, options.seed)
    return mask_folder(run, Finder(FaceEngine.load()).mesh, progress_bar)


def progress_bar(items: Iterable[Item], *, total: int, label: str) -> Iterable[Item]:
    """tqdm's, where it is installed (requirements-train.txt) and somebody looks at it."""
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:
        return unseen(items, total=total, label=label)
    bar: Iterable[Item] = tqdm(items, total=total, desc=label, unit="picture", disable=None)
    return bar


def _print(report: dict[str, Any]) -> None:
    for name, counts in report["sets"].items():
        dropped = ", ".join(f"{count} {why}" for why, count in counts["dropped"].items() if count)
        print(
            f"{name}: {counts['pictures']} of {counts['read']} pictures, {counts['people']} of "
            f"{counts['people_read']} people; dropped: {dropped or 'nothing'}"
        )
    for split, people in report["people_by_split"].items():
        print(f"{split}: {report['pictures_by_split'][split]} pictures, {people} people")
    print(f"split sha256 {report['split_sha256']}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml.data", description="Pictures of people, prepared.")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("prepare", help="detect and align once, drop duplicates, split by person")
    one.add_argument("source", nargs="+", metavar="SOURCE", help="folder or tar; NAME=PATH names the set")
    one.add_argument("--out", type=Path, required=True, help="the prepared folder; made if absent")
    one.add_argument(
        "--leave-out-names",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="people to drop, one a line",
    )
    one.add_argument(
        "--look-alikes-of",
        type=Path,
        metavar="FOLDER",
        help="test people (pictures or prepared) nobody may resemble",
    )
    one.add_argument(
        "--workers", type=_count, default=os.cpu_count() or 1, help="processes; default: one a core"
    )
    two = commands.add_parser("masks", help="draw a mask on every face of a folder of people")
    two.add_argument("images", type=Path, help="folder of people")
    two.add_argument("--out", type=Path, required=True, help="an empty folder, or none yet")
    two.add_argument("--recipe", choices=RECIPES, default="train", help="other: for testing only")
    two.add_argument("--seed", type=int, default=7)
    for command in (one, two):
        command.add_argument("--json", action="store_true", help="the report as one JSON object on one line")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count


if __name__ == "__main__":
    main()
