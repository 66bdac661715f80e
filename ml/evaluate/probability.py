"""Does a probability mean what it says? Fitted on some people, judged on others.

People are dealt into two halves by the hash of their names; the logistic curve is fitted on one half's comparisons and
judged on the other's, both ways round. Genuine and impostor comparisons weigh the same in total, so the figures know no
prior. Impostors are compared within their half only.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.metrics import (
    brier,
    cllr,
    even_weights,
    expected_calibration_error,
    logistic,
    platt,
    reliability,
)

Array = NDArray[np.floating]


@dataclass(frozen=True)
class HeldOut:
    """ece, brier: of probabilities, 0 best. cllr: bits, 0 best, 1 knows nothing. reliability: (said, happened,
    share) of each bin. shift, slope: means of both fits, logit = slope * similarity + shift."""

    people: int
    n_genuine: int
    n_impostor: int
    ece: float
    brier: float
    cllr: float
    slope: float
    shift: float
    reliability: list[tuple[float, float, float]]


@dataclass(frozen=True)
class Half:
    people: int
    scores: Array
    same: NDArray[np.bool_]


def half_of(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0] & 1


def held_out(halves: Sequence[Half]) -> HeldOut:
    """halves: two, without a person in common; scores finite."""
    logits, same, weights, fits = [], [], [], []
    for mine, other in ((0, 1), (1, 0)):
        fit = halves[other]
        slope, shift = platt(fit.scores, fit.same, even_weights(fit.same))
        logits.append(slope * halves[mine].scores + shift)
        same.append(halves[mine].same)
        weights.append(even_weights(halves[mine].same) / 2)
        fits.append((slope, shift))
    logit, truth, weight = np.concatenate(logits), np.concatenate(same), np.concatenate(weights)
    said = logistic(logit)
    slope, shift = np.mean(fits, axis=0)
    return HeldOut(
        people=sum(half.people for half in halves),
        n_genuine=int(truth.sum()),
        n_impostor=int((~truth).sum()),
        ece=expected_calibration_error(said, truth, weight),
        brier=brier(said, truth, weight),
        cllr=cllr(logit[truth], logit[~truth]),
        slope=float(slope),
        shift=float(shift),
        reliability=reliability(said, truth, weight),
    )
