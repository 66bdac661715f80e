"""Which architecture: 4-fold cross-validation inside the training part (75:25), the test part untouched.

Every variant sees the same folds, epochs and pictures. A fold's figure is the accuracy of classifier version 2
over pairs of its held-out quarter; PCA and classifier are fitted on the other three.
"""

import argparse
import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.files import write_text
from ml.nets.paper_cnn import VARIANTS, cost
from ml.nets.similarity_mlp import Version
from ml.train.classifier import ClassifierRun
from ml.train.errors import Diverged
from ml.train.options import add_fields, read_fields
from ml.train.paper import add_table_options, table
from ml.train.paper_embedder import Trainer
from ml.train.paper_figures import judge
from ml.train.paper_plots import plot_folds
from ml.train.paper_run import PaperRun, Parts, split
from ml.train.pictures import Pictures

HELP = "cross-validation over the paper's architectures"
FOLDS = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FoldsRun:
    variants: tuple[str, ...]
    pictures_max: int  # of the training part, drawn by lot
    learning_rates: tuple[float, ...]
    classifier_epochs: int
    pairs: int


def add_options(parser: argparse.ArgumentParser) -> None:
    add_table_options(parser)
    add_fields(parser, PaperRun, leave_out=("variant", "lr"))
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--learning-rates", nargs="+", type=float, default=[1e-3])
    parser.add_argument("--pictures-max", type=int, default=4000)
    parser.add_argument("--classifier-epochs", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=20_000, help="of the classifier, an epoch")


def command(options: argparse.Namespace) -> None:
    """Results are kept after every point of the grid; points that are there already are not run again."""
    pictures = table(options)
    run = read_fields(options, PaperRun)
    asked = FoldsRun(
        tuple(options.variants),
        options.pictures_max,
        tuple(options.learning_rates),
        options.classifier_epochs,
        options.pairs,
    )
    print(json.dumps(cross_validate(run, asked, pictures, options.out)))


def cross_validate(run: PaperRun, asked: FoldsRun, pictures: Pictures, out: Path) -> list[dict[str, Any]]:
    """A record for each variant and learning rate, best first; also in OUT/folds.json, with the curves drawn."""
    path = out / "folds.json"
    known = json.loads(path.read_text()) if path.exists() else []
    for variant in asked.variants:
        for lr in asked.learning_rates:
            point = replace(run, variant=variant, lr=lr)
            label = {"config": point.config(), "pictures_max": asked.pictures_max}
            if any(record["label"] == label for record in known):
                continue
            record = {"label": label, **_point(point, asked, pictures)}
            known = sorted([*known, record], key=lambda record: -record["accuracy"])
            write_text(path, json.dumps(known, indent=1) + "\n")
            log.info("%s at %g: %.4f", variant, lr, record["accuracy"])
    plot_folds(known, out / "folds.svg")
    return known


def fold_parts(run: PaperRun, n_max: int, pictures: Pictures) -> list[Parts]:
    """75:25 by picture, as the paper; by person where the run is."""
    rng = np.random.default_rng(run.seed)
    rows = np.sort(rng.permutation(_with_company(pictures, split(pictures, run.by, run.seed).train))[:n_max])
    unit = pictures.people[rows] if run.by == "person" else np.arange(len(rows))
    fold = rng.permutation(int(unit.max()) + 1)[unit] % FOLDS
    return [Parts(rows[fold != k], rows[fold == k]) for k in range(FOLDS)]


def _with_company(pictures: Pictures, rows: np.ndarray) -> np.ndarray:
    """Rows of people with ten pictures or more: a sample of the others would leave few positives."""
    counts = np.bincount(pictures.people[rows])
    return rows[counts[pictures.people[rows]] >= 10]


def _point(run: PaperRun, asked: FoldsRun, pictures: Pictures) -> dict[str, Any]:
    folds = []
    for parts in fold_parts(run, asked.pictures_max, pictures):
        trainer = Trainer(run, pictures, parts)
        try:
            while trainer.epoch < run.epochs:
                trainer.one_epoch()
        except Diverged as error:
            folds.append(
                {"accuracy": 0.5, "train_accuracy": 0.5, "diverged": str(error), "epochs": trainer.curve}
            )
            continue
        stage = ClassifierRun(
            Version.TWO, asked.classifier_epochs, asked.pairs, test_pairs=6000, seed=run.seed
        )
        found = judge(trainer, (Version.TWO,), stage, fixed={}).figures["version 2, 99.99 %"]
        accuracies = {"accuracy": found["test"]["accuracy"], "train_accuracy": found["train"]["accuracy"]}
        folds.append({**accuracies, "epochs": trainer.curve})
    values = np.array([fold["accuracy"] for fold in folds])
    return {
        "accuracy": float(values.mean()),
        "spread": float(values.std(ddof=1)),
        "train_accuracy": float(np.mean([fold["train_accuracy"] for fold in folds])),
        **asdict(cost(trainer.net)),
        "folds": folds,
    }
