"""Ways to score a comparison, side by side on people who trained none of them.

Protocol: ml.evaluate.all_pairs, but every picture that is in no template is an impostor's probe, and so is every
stranger. Thresholds are found in each fold on its own; FNMR is the mean over the people of all folds. Intervals draw
people within their folds, the same for all ways, so that a difference of two ways has an interval of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.data.files import DataUnusable
from ml.evaluate.all_pairs import against_templates, enrol_people, own_scores
from ml.evaluate.bootstrap import Genuine, Impostors, draw, interval
from ml.evaluate.embeddings import Embedded
from ml.evaluate.metrics import even_weights, expected_calibration_error, logistic, platt
from ml.evaluate.result import rate_key
from ml.face.embed import unit
from ml.train.crowd import Crowd, Floats
from ml.train.hard_pairs import SEVERAL

ENROL = (1, SEVERAL)
RATES = (1e-3, 1e-4)
WORTH = (
    0.001  # an FNMR higher by less than this is worth nothing to a shopper: one more refusal in a thousand
)
PEOPLE_MIN = 3  # in any part, with a template of five and a probe


class Way(Protocol):
    def template(self, embeddings: Floats) -> Floats: ...

    def scores(self, probes: Floats, templates: Floats) -> Floats:
        """(P, d), (R, d) → (P, R), higher is more alike."""


class Cosine:
    def template(self, embeddings: Floats) -> Floats:
        return unit(embeddings.mean(axis=0))

    def scores(self, probes: Floats, templates: Floats) -> Floats:
        return probes @ templates.T


@dataclass(frozen=True)
class Compared:
    """All comparisons of some people by one way, templates of one number of pictures."""

    genuine: Genuine
    impostors: Impostors
    n_people: int  # strangers included: each is somebody

    @classmethod
    def of(cls, way: Way, crowd: Crowd, enrol: int) -> "Compared":
        own = list(crowd.positions())
        embedded = Embedded(crowd.vectors, crowd.found, None)
        templates, probes_of, enrolled = enrol_people(way, own, embedded, enrol)
        place = {person: column for column, person in enumerate(enrolled)}
        genuine = [own_scores(way, embedded, probes_of[one], templates[place[one]]) for one in enrolled]
        probes = np.concatenate([probes_of.get(person, positions) for person, positions in enumerate(own)])
        probes = probes[crowd.found[probes]]
        count, others = len(crowd.names), len(crowd.strangers)
        people = np.concatenate([crowd.owner[probes], np.arange(count, count + others)])
        skipped = np.array([place.get(int(person), len(enrolled)) for person in people])
        vectors = np.concatenate([crowd.vectors[probes], crowd.strangers])
        impostors = against_templates(way, vectors, people, templates, np.array(enrolled), skipped)
        return cls(Genuine(np.array(enrolled), genuine), impostors, count + others)

    def labelled(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Scores of all comparisons in which a face was found, and which are genuine."""
        genuine = np.concatenate(list(self.genuine.scores))
        genuine = genuine[np.isfinite(genuine)]
        scores = np.concatenate([genuine, self.impostors.scores])
        return scores, np.arange(len(scores)) < len(genuine)


def calibrated(way: Way, crowd: Crowd) -> tuple[float, float]:
    """(slope, shift) of the probability, fitted on these people; templates of 1 and of 5 pictures weigh the same."""
    parts = [Compared.of(way, crowd, enrol).labelled() for enrol in ENROL]
    scores, same = (np.concatenate(column) for column in zip(*parts, strict=True))
    return platt(scores, same, np.concatenate([even_weights(truth) for _, truth in parts]))


@dataclass(frozen=True)
class Fold:
    """One fold's held-out people, by every way; probability: (slope, shift), fitted on other people."""

    compared: Mapping[str, Mapping[int, Compared]]
    probability: Mapping[str, tuple[float, float]]


def measure(ways: Mapping[str, Way], fitted_on: Crowd, held: Crowd) -> Fold:
    compared = {name: {enrol: Compared.of(way, held, enrol) for enrol in ENROL} for name, way in ways.items()}
    return Fold(compared, {name: calibrated(way, fitted_on) for name, way in ways.items()})


def demand_people(crowd: Crowd, where: str) -> None:
    """Raises DataUnusable."""
    counts = np.bincount(crowd.owner[crowd.found], minlength=len(crowd.names))
    able = int((counts > SEVERAL).sum())
    if able < PEOPLE_MIN:
        raise DataUnusable(
            f"{where}: {PEOPLE_MIN} people with {SEVERAL + 1} pictures each are needed, there are {able}."
        )


def table(folds: Sequence[Fold], ways: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """One row a number of pictures enrolled; under `minus` each way less the one before it."""
    rows: list[dict[str, Any]] = []
    for enrol in ENROL:
        one = [fold.compared[ways[0]][enrol] for fold in folds]
        row: dict[str, Any] = {
            "enrol": enrol,
            "n_people": sum(len(part.genuine.scores) for part in one),
            "n_genuine": sum(part.genuine.n for part in one),
            "n_impostor": sum(len(part.impostors.scores) for part in one),
            "ways": {name: {"ece": _ece(folds, name, enrol), "fnmr_at_fmr": {}} for name in ways},
            "minus": {name: {} for name in ways[1:]},
        }
        for rate in RATES:
            drawn = {name: _drawn(folds, name, enrol, rate, seed) for name in ways}
            for name in ways:
                row["ways"][name]["fnmr_at_fmr"][rate_key(rate)] = _mean(*drawn[name])
            for before, name in pairwise(ways):
                apart = drawn[name][0] - drawn[before][0]
                row["minus"][name][rate_key(rate)] = _mean(apart, drawn[name][1])
        rows.append(row)
    return rows


def not_worse(rows: Sequence[dict[str, Any]], way: str) -> str:
    """For what is added to a score and may say nothing. ships: at FMR 1e-4, after one picture and after five, FNMR is
    no higher than without, and the 95 % interval of the difference ends below WORTH. wins: that interval ends below
    zero as well."""
    apart = [row["minus"][way][rate_key(1e-4)] for row in rows]
    if not all(one["fnmr"] <= 0 and one["high"] < WORTH for one in apart):
        return "does not ship"
    return "wins" if all(one["high"] < 0 for one in apart) else "ships"


def better(rows: Sequence[dict[str, Any]], way: str) -> str:
    """For what takes the place of another, at the price that everybody enrols again. wins: of the comparisons (one
    picture and five, at each of RATES) the 95 % interval of the difference lies below zero in one at least, and above
    zero in none."""
    apart = [row["minus"][way][rate_key(rate)] for row in rows for rate in RATES]
    won, lost = any(one["high"] < 0 for one in apart), any(one["low"] > 0 for one in apart)
    return "wins" if won and not lost else "does not ship"


def in_words(rows: Sequence[dict[str, Any]]) -> str:
    lines = [f"{'FNMR, %':24}{'FMR 1e-3':>24}{'FMR 1e-4':>24}{'ECE':>9}"]
    for row in rows:
        lines.append(
            f"template of {row['enrol']}: {row['n_people']} people, {row['n_genuine']:,} genuine, "
            f"{row['n_impostor']:,} impostor"
        )
        for name, way in row["ways"].items():
            lines.append(f"  {name:22}{_cells(way['fnmr_at_fmr'])}{way['ece']:9.4f}")
        for before, name in pairwise(row["ways"]):
            lines.append(f"  {name + ' − ' + before:22}{_cells(row['minus'][name])}")
    return "\n".join(lines)


def _cells(rates: dict[str, dict[str, float]]) -> str:
    found = [[rates[rate_key(rate)][part] * 100 for part in ("fnmr", "low", "high")] for rate in RATES]
    return "".join(f"{f'{fnmr:.2f} ({low:.2f} to {high:.2f})':>24}" for fnmr, low, high in found)


def _drawn(folds: Sequence[Fold], way: str, enrol: int, rate: float, seed: int) -> tuple[Floats, Floats]:
    """(P, 1 + draws) FNMR and (draws, P) weights of the people of all folds."""
    drawn = []
    for number, fold in enumerate(folds):
        part = fold.compared[way][enrol]
        drawn.append(draw(part.genuine, part.impostors, rate, n_people=part.n_people, seed=seed + number))
    return (
        np.concatenate([one.by_person for one in drawn]),
        np.concatenate([one.weights for one in drawn], axis=1),
    )


def _mean(by_person: Floats, weights: Floats) -> dict[str, float]:
    low, high = interval(by_person[:, 1:], weights)
    return {"fnmr": float(by_person[:, 0].mean()), "low": low, "high": high}


def _ece(folds: Sequence[Fold], way: str, enrol: int) -> float:
    said, same, weights = [], [], []
    for fold in folds:
        scores, truth = fold.compared[way][enrol].labelled()
        slope, shift = fold.probability[way]
        said.append(logistic(slope * scores + shift))
        same.append(truth)
        weights.append(even_weights(truth) / len(folds))
    return expected_calibration_error(np.concatenate(said), np.concatenate(same), np.concatenate(weights))
