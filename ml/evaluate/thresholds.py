"""The table that ships: for each false match rate the score that keeps it for every group of adults.

A threshold found on one set of people lets strangers of another group through more often than it says. So strangers
are compared within each adult group of labelled pictures (ml.evaluate.groups; none of them in the cohort), and the
highest of the groups' thresholds is taken; a group has a say where enough comparisons decide it. What it costs, the
FNMR, and the slope of the probability come from a folder of people with many pictures each (ml.evaluate.calibration).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.calibration import Array, CalibrationRun, Read, scores
from ml.evaluate.embeddings import Embedded
from ml.evaluate.errors import EvaluationError
from ml.evaluate.groups import Labelled, members, strangers
from ml.evaluate.metrics import slope_through
from ml.evaluate.models import Model
from ml.face.manifest import Threshold
from ml.face.normalise import Cohort

RATES = (1e-3, 1e-4, 1e-5)
DECIDED_MIN = 30  # comparisons that a rate may let through in a group before that group has a say


@dataclass(frozen=True)
class GroupLimits:
    """score: at each of RATES, exceeded by no more than that share of the comparisons in any group. worst: the group
    that set it."""

    score: tuple[float, ...]
    worst: tuple[str, ...]
    n_impostor: int


def limits_of_groups(
    model: Model,
    labelled: Labelled,
    embedded: Embedded,
    *,
    doubles: NDArray[np.bool_] | None = None,
    rates: Sequence[float] = RATES,
) -> GroupLimits:
    """doubles: (pictures,) to be left out. Raises EvaluationError where no group is large enough for a rate."""
    usable = embedded.found if doubles is None else embedded.found & ~doubles
    found: dict[float, dict[str, float]] = {rate: {} for rate in rates}
    compared = 0
    for group, years, inside in members(labelled, usable):
        if years != "adults":
            continue
        ranked = np.sort(strangers(model, embedded.vectors[inside]))
        compared += len(ranked)
        for rate in rates:
            allowed = int(rate * len(ranked))
            if allowed >= DECIDED_MIN:
                found[rate][group] = float(ranked[len(ranked) - allowed - 1])
    for rate in rates:
        if not found[rate]:
            raise EvaluationError(f"no group of adults is large enough for a false match rate of {rate:g}")
    worst = tuple(max(found[rate], key=found[rate].__getitem__) for rate in rates)
    limits = tuple(found[rate][group] for rate, group in zip(rates, worst, strict=True))
    return GroupLimits(score=limits, worst=worst, n_impostor=compared)


def table(
    limits: GroupLimits,
    people: Sequence[Read],
    cohort: Cohort,
    run: CalibrationRun,
    *,
    labelled_name: str,
    rates: Sequence[float] = RATES,
) -> list[Threshold]:
    """people: with run.references pictures and more each; their templates hold as many."""
    genuine, impostor, lost = scores(people, cohort, references=run.references)
    return [
        _threshold(
            rate, score, (genuine, impostor, lost), len(people), limits.n_impostor,
            f"score at which no adult group of {labelled_name} exceeds the rate (worst: {group}; single pictures, "
            f"none in the cohort); FNMR: {run.images.name}, up to {run.pictures_per_person} pictures a person, seed "
            f"{run.seed}, templates of {run.references} fit to enrol against every other picture, refused ones lost",
        )
        for rate, score, group in zip(rates, limits.score, limits.worst, strict=True)
    ]  # fmt: skip


def _threshold(
    rate: float,
    score: float,
    compared: tuple[Array, Array, int],
    people: int,
    n_impostor: int,
    protocol: str,
) -> Threshold:
    genuine, impostor, lost = compared
    rounded = round(score, 4)
    missed = int((genuine <= rounded).sum()) + lost
    return Threshold(
        score=rounded,
        slope=round(slope_through(genuine, impostor, rounded), 3),
        fmr=rate,
        fnmr=round(missed / (len(genuine) + lost), 4),
        people=people,
        genuine=len(genuine) + lost,
        impostor=n_impostor,
        protocol=protocol,
        status="measured",
    )
