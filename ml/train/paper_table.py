"""Finished runs of the paper's network beside the paper's figures, as Markdown."""

import argparse
import json
from pathlib import Path
from typing import Any

from ml.data.files import DataUnusable, read_text

HELP = "figures of finished runs and searches beside the paper's, as Markdown"
BEST = "version 2, 99.99 %"
THEIRS = (
    "| the paper: by picture, LFW masked | 92.16 % | **93.12 %** (5,650 pictures; pairs not stated) "
    "| 55, then 48 |"
)
HEAD = "| run | train | test, 95 % interval of pairs | components, before and after batch-hard |\n|---|---|---|---|"
SEARCH_HEAD = (
    "| variant | trained on | held out, mean of the folds ± spread | parameters | multiply-adds |\n"
    "|---|---|---|---|---|"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", type=Path, nargs="+", help="folders that python -m ml.train paper or paper-folds has finished"
    )


def command(options: argparse.Namespace) -> None:
    searches = [run / "folds.json" for run in options.runs if (run / "folds.json").exists()]
    runs = [run for run in options.runs if run / "folds.json" not in searches]
    tables = [markdown({run.name: _figures(run / "figures.json") for run in runs})] if runs else []
    print("\n\n".join([*tables, *map(search, searches)]))


def search(path: Path) -> str:
    """Every point of a cross-validation, best first."""
    lines = [SEARCH_HEAD]
    try:
        for record in json.loads(read_text(path)):
            config, folds = record["label"]["config"], record["folds"]
            diverged = sum("diverged" in fold for fold in folds)
            name = config["variant"] + ("" if config["reshuffle"] else ", not reshuffled")
            lines.append(
                f"| {name}, lr {config['lr']:g}{f', {diverged} folds diverged' if diverged else ''} "
                f"| {_percent(record['train_accuracy'])} "
                f"| {_percent(record['accuracy'])} ± {100 * record['spread']:.2f} "
                f"| {record['parameters']:,} | {record['multiply_adds'] / 1e6:.1f} M |"
            )
    except (ValueError, KeyError, TypeError) as error:
        raise DataUnusable(f"{path} is not the figures of a search ({error!r}).") from error
    return "\n".join(lines)


def markdown(runs: dict[str, dict[str, Any]]) -> str:
    """One table of accuracies, one of the cells of masked and unmasked pictures."""
    first = [HEAD, THEIRS, *(_line(figures) for figures in runs.values())]
    names = list(next(iter(runs.values()))["cells"])
    cells = ["| accuracy of version 2 | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for figures in runs.values():
        found = [f"{_percent(figures['cells'][name]['accuracy'])}" for name in names]
        cells.append(f"| {_label(figures)} | " + " | ".join(found) + " |")
    return "\n".join([*first, "", *cells])


def _line(figures: dict[str, Any]) -> str:
    phases = figures["phases"]
    one = phases["batch-hard"]["classifiers"][BEST]
    test = one["test"]
    components = ", then ".join(str(phase["components"]) for phase in phases.values())
    return (
        f"| {_label(figures)} | {_percent(one['train']['accuracy'])} | **{_percent(test['accuracy'])}** "
        f"({100 * test['low']:.2f} to {100 * test['high']:.2f}; {test['n']:,} pairs of {figures['n']['test']:,} "
        f"pictures) | {components} |"
    )


def _label(figures: dict[str, Any]) -> str:
    run = figures["run"]
    masks = {"paper": "LFW masked", "balanced": "half of each set masked"}.get(run["wearing"], run["wearing"])
    return f"by {run['by']}, {masks}, {run['size_px']} px, {len(figures['epochs'])} epochs, lr {run['lr']:g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _figures(path: Path) -> dict[str, Any]:
    try:
        figures = json.loads(read_text(path))
        _label(figures), _line(figures), figures["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataUnusable(f"{path} is not the figures of a finished run ({error!r}).") from error
    return dict(figures)
