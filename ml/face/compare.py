"""Is the probe the enrolled person? One normalised score against the mean of the references, one threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp

import numpy as np
from numpy.typing import NDArray

from ml.face.embed import DIMENSIONS, unit
from ml.face.manifest import Threshold
from ml.face.normalise import Cohort
from ml.face.reasons import Reason


class Decision(StrEnum):
    MATCH = "match"
    NO_MATCH = "no_match"


@dataclass(frozen=True, slots=True)
class Similarity:
    """probability: 0..1, 0.5 at the threshold and rising with the score; a scale for people and policies,
    not the share of genuine payers among those who reach it. model: the version that made probe and
    references."""

    probability: float
    decision: Decision
    reasons: tuple[Reason, ...]
    model: str


def compare(
    probe: NDArray[np.floating],
    references: Sequence[NDArray[np.floating]],
    *,
    cohort: Cohort,
    threshold: Threshold,
    model: str,
) -> Similarity:
    """probe: (128,). references: one or more (128,) of one person, all by the model `model`.
    Raises ValueError for no reference, another shape or a vector without direction."""
    similarity = score(probe, references, cohort)
    matches = similarity > threshold.score
    return Similarity(
        probability=1 / (1 + exp(-threshold.slope * (similarity - threshold.score))),
        decision=Decision.MATCH if matches else Decision.NO_MATCH,
        reasons=(Reason.MATCH if matches else Reason.BELOW_THRESHOLD,),
        model=model,
    )


def score(probe: NDArray[np.floating], references: Sequence[NDArray[np.floating]], cohort: Cohort) -> float:
    """Between the probe and the direction of the references' mean, in standard deviations above strangers: one
    comparison however many were enrolled, so more references do not raise the false match rate as their maximum
    would."""
    if not references:
        raise ValueError("no reference to compare with")
    for vector in (probe, *references):
        if np.shape(vector) != (DIMENSIONS,):
            raise ValueError(f"a template has shape ({DIMENSIONS},), not {np.shape(vector)}")
    person = unit(np.mean([unit(reference) for reference in references], axis=0))
    return float(cohort.scores(unit(probe)[None], person[None])[0, 0])
