"""The paper's whole procedure: embedder in its regimes, PCA, classifier, figures, plots, export.

DIR/last.pt is resumable after every epoch; DIR/figures.json, plots, pairs.html (with faces: do not publish) and
DIR/model/ are written at the end.
"""

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.files import DataUnusable, make_folder, write_text
from ml.nets.paper_cnn import VARIANTS, cost
from ml.nets.similarity_mlp import Version
from ml.train import paper_export, paper_plots
from ml.train.checkpoint import load
from ml.train.classifier import ClassifierRun, Embedded, Trained
from ml.train.distributed import workers
from ml.train.options import add_fields, read_fields
from ml.train.paper_embedder import LAST, ORDINARY, Trainer, train
from ml.train.paper_figures import (
    Judged,
    ScoredPairs,
    across_sets,
    at_thresholds,
    cells,
    judge,
    microseconds_a_pair,
    milliseconds_a_picture,
    spread,
)
from ml.train.paper_run import By, PaperRun, split
from ml.train.paper_table import BEST
from ml.train.pictures import Pictures, Wearing, collect

HELP = "the paper's network, from prepared folders to figures and ONNX files"
BEFORE = (Version.ONE, Version.ONE_SHORT)  # after ordinary triplets
AFTER = (Version.TWO,)  # after batch-hard
THEIRS = {
    "by": "picture",
    "train_accuracy": 0.9216,
    "test_accuracy": 0.9312,
    "components": 48,
    "test_pictures": 5650,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    add_table_options(parser)
    add_fields(parser, PaperRun)
    parser.add_argument("--pairs", type=int, default=ClassifierRun.pairs, help="of the classifier, an epoch")
    parser.add_argument("--test-pairs", type=int, default=ClassifierRun.test_pairs)
    parser.add_argument("--classifier-epochs", type=int, default=ClassifierRun.epochs)
    parser.add_argument("--start", type=Path, help="checkpoint whose weights begin the run")
    parser.add_argument("--resume", action="store_true", help="go on from DIR/last.pt, to the same curve")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", action="store_true", help="figures as one JSON object on one line")


def add_table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, nargs="*", help="prepared folders (python -m ml.data prepare)")
    parser.add_argument("--out", type=Path, required=True, help="folder of this run")
    parser.add_argument(
        "--table", type=Path, help="where the pictures are kept, for several runs (OUT/pictures)"
    )


def table(options: argparse.Namespace) -> Pictures:
    """The table of pictures that the options name; drawn if it is not there yet. Raises DataUnusable."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    make_folder(options.out)
    folder = options.table or options.out / "pictures"
    if not options.data and not (folder / "table.json").exists():
        raise DataUnusable(f"{folder} holds no pictures yet: name prepared folders.")
    pictures = collect(options.data, options.size_px, folder)
    if pictures.size_px != options.size_px:
        raise DataUnusable(
            f"{folder} holds pictures of {pictures.size_px} px, --size-px is {options.size_px}."
        )
    return pictures


def command(options: argparse.Namespace) -> None:
    if options.variant not in VARIANTS:
        raise DataUnusable(f"--variant {options.variant} is none of {', '.join(VARIANTS)}.")
    pictures = table(options)
    run = read_fields(options, PaperRun)
    with workers(options.device) as group:
        parts = split(pictures, run.by, run.seed)
        trainer = Trainer(run, pictures, parts, options.device, group, bar=sys.stderr.isatty())
        train(trainer, options.out, resume=options.resume, start=options.start, say=logging.info)
        if group.first:
            stage = ClassifierRun(
                Version.TWO, options.classifier_epochs, options.pairs, options.test_pairs, seed=run.seed
            )
            figures = finish(trainer, options.out, stage)
            print(json.dumps(figures) if options.json else in_words(figures))


def finish(trainer: Trainer, out: Path, stage: ClassifierRun) -> dict[str, Any]:
    """Figures, plots and export from the checkpoints in `out`."""
    config = trainer.run.config()
    phases = dict[str, Judged]()
    for name, file, versions in (("ordinary", ORDINARY, BEFORE), ("batch-hard", LAST, AFTER)):
        if (out / file).exists():
            trainer.restore(load(out / file, config))
            phases[name] = judge(trainer, versions, stage)
    final = phases["batch-hard"]
    chosen = final.classifiers[str(Version.TWO)]
    sets = trainer.pictures.sets[trainer.parts.test]
    scored = ScoredPairs.of(chosen, final.test, stage.test_pairs, trainer.run.seed)
    counted = cost(trainer.net)
    figures = {
        "run": config,
        "n": {
            "people": len(trainer.pictures.names),
            "train": len(trainer.parts.train),
            "test": len(trainer.parts.test),
            "sets": dict(
                zip(
                    *map(np.ndarray.tolist, np.unique(trainer.pictures.sets, return_counts=True)), strict=True
                )
            ),
        },
        "parameters": counted.parameters,
        "multiply_adds": counted.multiply_adds,
        "milliseconds": milliseconds_a_picture(trainer),
        "epochs": trainer.curve,
        "phases": {
            name: {"components": j.components, "classifiers": j.figures} for name, j in phases.items()
        },
        "cells": cells(trainer, final, chosen, stage.test_pairs),
        "thresholds": at_thresholds(scored),
        "impostors": across_sets(scored, sets),
        "microseconds_a_pair": {
            name: microseconds_a_pair(inputs, Version.TWO)
            for name, inputs in (
                ("2048, without PCA", 2048),
                (f"{final.components}, with PCA", final.components),
            )
        },
        "page_of_22": _page(trainer, final.test, chosen, out),
        "theirs": THEIRS,
    }
    write_text(out / "figures.json", json.dumps(figures, indent=1) + "\n")
    if (trainer.run.by, trainer.run.wearing) == (By.PICTURE, Wearing.PAPER):
        write_text(out / "goal.json", json.dumps(goal(figures)) + "\n")
    _draw(trainer, phases, out)
    paper_export.export(trainer.net, final.pca, chosen.net, trainer.run, out / "model")
    return figures


def goal(figures: dict[str, Any]) -> dict[str, Any]:
    """The figure of the paper's own protocol, as `python -m ml.evaluate figures` reads it."""
    test = figures["phases"]["batch-hard"]["classifiers"][BEST]["test"]
    run, usual = figures["run"], PaperRun().config()
    given = [_option(name, value) for name, value in run.items() if value != usual[name]]
    return {
        "figure": "F1",
        "reached": 100 * test["accuracy"],
        "n": f"{test['n']} pairs of {figures['n']['test']} pictures",
        "command": " ".join(["python -m ml.train paper LFW PINS --out RUN", *given]),
    }


def _option(field: str, value: object) -> str:
    name = field.replace("_", "-")
    return f"--{'' if value else 'no-'}{name}" if isinstance(value, bool) else f"--{name} {value}"


def in_words(figures: dict[str, Any]) -> str:
    by = By(figures["run"]["by"])
    lines = [f"{by} split, masks {figures['run']['wearing']}; {figures['n']['test']} test pictures"]
    for phase, found in figures["phases"].items():
        lines.append(f"after {phase}: {found['components']} components for 99.99 % (theirs: 55, then 48)")
        for name, one in found["classifiers"].items():
            test, train_ = one["test"], one["train"]
            lines.append(
                f"  {name:24} {100 * train_['accuracy']:6.2f} % train  {100 * test['accuracy']:6.2f} % test "
                f"({100 * test['low']:.2f} to {100 * test['high']:.2f}, n = {test['n']} pairs)"
            )
    lines.append("theirs, by picture:          92.16 % train   93.12 % test")
    lines += [f"  {name:34} {100 * cell['accuracy']:6.2f} %" for name, cell in figures["cells"].items()]
    return "\n".join(lines)


def _draw(trainer: Trainer, phases: dict[str, Judged], out: Path) -> None:
    chosen = phases["batch-hard"].classifiers[str(Version.TWO)]
    paper_plots.plot_curve(trainer.curve, out / "curve.svg")
    paper_plots.plot_classifier(chosen.curve, out / "classifier.svg")
    paper_plots.plot_variance({name: judged.pca for name, judged in phases.items()}, out / "variance.svg")
    paper_plots.plot_clusters({name: judged.test for name, judged in phases.items()}, out / "clusters.webp")


def _page(trainer: Trainer, test: Embedded, chosen: Trained, out: Path) -> dict[str, Any]:
    """22 test pictures against one another, drawn with and without their faces."""
    places = paper_plots.choose_for_page(test.people, trainer.run.seed)
    rows, people = trainer.parts.test[places], test.people[places]
    scores = paper_plots.score_matrix(chosen, test.features[places])
    paper_plots.plot_scores(scores, people, out / "pairs.svg")
    pixels = trainer.pictures.show(rows, trainer.worn[rows])
    paper_plots.page_of_pairs(pixels, people, scores, out / "pairs.html")
    left, right = np.triu_indices(len(places), 1)
    return spread(scores[left, right], people[left] == people[right])
