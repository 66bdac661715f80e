"""Should a new embedder take the place of the one that serves? Both on the same people, who trained neither.

Comparisons and intervals are those of ml.train.held_out: the same people are drawn for both, so that the difference
has an interval of its own. Two halves of the people, by the hash of their names; the probability of a half is fitted
on the other one. Each model brings its own cohort and its own front; a picture in which it finds no face is lost.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml.data.files import DataUnusable
from ml.evaluate.choice import ModelSpec
from ml.evaluate.result import rounded
from ml.face.manifest import MODELS
from ml.train import crowd, held_out
from ml.train.crowd import Crowd, fold_of
from ml.train.held_out import Fold, Way

HELP = "a new embedder against the one that serves, on held-out people"
BEFORE, AFTER = WAYS = ("before", "after")
HALVES = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--after", type=Path, required=True, metavar="MODELS", help="folder of the new models"
    )
    parser.add_argument("--before", type=Path, default=MODELS, metavar="MODELS", help="default: what ships")
    crowd.add_options(parser)
    parser.add_argument("--pictures-per-person", type=int, default=30, help="at most (default: 30)")
    parser.add_argument("--seed", type=int, default=7, help="of the people drawn (default: 7)")
    parser.add_argument("--json", action="store_true", help="figures on stdout as JSON")


def command(options: argparse.Namespace) -> None:
    specs = {BEFORE: ModelSpec("default", options.before), AFTER: ModelSpec("default", options.after)}
    models = {name: spec.load() for name, spec in specs.items()}
    versions = {name: model.version for name, model in models.items()}
    if versions[BEFORE] == versions[AFTER]:
        raise DataUnusable(f"{options.after} says that it is {versions[AFTER]}, as {options.before} does.")
    crowds = {name: crowd.from_options(options, spec, versions[name]) for name, spec in specs.items()}
    figures = rounded({"protocol": "candidate", **versions, **compare(models, crowds, options.seed)})
    verdict = f"verdict: {versions[AFTER]} {figures['verdict']}"
    print(json.dumps(figures) if options.json else f"{held_out.in_words(figures['rows'])}\n{verdict}")


def compare(models: Mapping[str, Way], crowds: Mapping[str, Crowd], seed: int) -> dict[str, Any]:
    """Raises DataUnusable where a half has too few people."""
    crowds = shared(crowds)
    folds = [_fold(models, crowds, half) for half in range(HALVES)]
    rows = held_out.table(folds, WAYS, seed)
    return {
        "n_people": len(crowds[AFTER].names),
        "n_strangers": len(crowds[AFTER].strangers),
        "undetected": {name: int((~one.found).sum()) for name, one in crowds.items()},
        "rows": rows,
        "verdict": held_out.better(rows, AFTER),
    }


def shared(crowds: Mapping[str, Crowd]) -> dict[str, Crowd]:
    """The people and strangers that both can work with: of a person, both found a face in the first picture."""
    usable = [_usable(one) | set(one.stranger_names) for one in crowds.values()]
    both = set.intersection(*usable)
    return {name: one.part(both.__contains__) for name, one in crowds.items()}


def _usable(one: Crowd) -> set[str]:
    firsts = zip(one.names, one.positions(), strict=True)
    return {name for name, own in firsts if len(own) and one.found[own[0]]}


def _fold(models: Mapping[str, Way], crowds: Mapping[str, Crowd], half: int) -> Fold:
    parts = {}
    for name, one in crowds.items():
        held = one.part(lambda person: fold_of(person, HALVES) == half)
        held_out.demand_people(held, f"half {half + 1} of the people")
        rest = one.part(lambda person: fold_of(person, HALVES) != half)
        parts[name] = held_out.measure({name: models[name]}, rest, held)
    return Fold(
        {name: part.compared[name] for name, part in parts.items()},
        {name: part.probability[name] for name, part in parts.items()},
    )
