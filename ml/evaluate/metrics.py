"""Error rates of comparisons, in the words of ISO/IEC 19795-1. Plain arrays in, numbers with their n out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


class TooFewImpostors(ValueError):
    """The asked false match rate is smaller than one comparison in the whole list."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A comparison matches when its similarity exceeds `threshold`; `fmr` and `fnmr` are what that gave."""

    threshold: float
    fmr: float
    fnmr: float
    n_genuine: int
    n_impostor: int


def fnmr_at_fmr(genuine: Array, impostor: Array, fmr: float) -> OperatingPoint:
    """The lowest threshold that at most `fmr` of the impostors exceed, and the genuine share it loses.

    genuine: (G,), impostor: (I,) similarities -1..1; an undetected or refused probe enters genuine as -inf.
    Raises TooFewImpostors if fmr * I < 1: the threshold would rest on no comparison."""
    if fmr * len(impostor) < 1:
        raise TooFewImpostors(f"FMR {fmr:g} needs at least {1 / fmr:.0f} impostor pairs, got {len(impostor)}")
    if not len(genuine):
        raise ValueError("no genuine comparison")
    allowed = int(np.floor(fmr * len(impostor)))
    threshold = float(np.partition(impostor, len(impostor) - allowed - 1)[len(impostor) - allowed - 1])
    return OperatingPoint(
        threshold=threshold,
        fmr=float((impostor > threshold).mean()),
        fnmr=float((genuine <= threshold).mean()),
        n_genuine=len(genuine),
        n_impostor=len(impostor),
    )


def slope_through(genuine: Array, impostor: Array, threshold: float) -> float:
    """Slope k of 1 / (1 + exp(-k (s - threshold))) that fits best (cross-entropy, both classes weighing the
    same) with 0.5 held at the threshold. Unreadable probes (-inf) do not count. Solved by bisection on the
    gradient, which rises with k."""
    above = genuine[np.isfinite(genuine)] - threshold
    below = impostor - threshold
    low, high = 0.0, 200.0
    for _ in range(60):
        k = (low + high) / 2
        gradient = -(above * _logistic(-k * above)).mean() + (below * _logistic(k * below)).mean()
        low, high = (low, k) if gradient > 0 else (k, high)
    return (low + high) / 2


def _logistic(x: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))
