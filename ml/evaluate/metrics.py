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
        gradient = -(above * logistic(-k * above)).mean() + (below * logistic(k * below)).mean()
        low, high = (low, k) if gradient > 0 else (k, high)
    return (low + high) / 2


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def equal_error_rate(genuine: Array, impostor: Array) -> float:
    """0..1, where FNMR and FMR cross; the mean of both at the nearest threshold."""
    fmr, fnmr = error_rates(genuine, impostor, np.unique(np.concatenate([genuine, impostor])))
    nearest = int(np.argmin(np.abs(fmr - fnmr)))
    return float((fmr[nearest] + fnmr[nearest]) / 2)


def error_rates(genuine: Array, impostor: Array, thresholds: Array) -> tuple[Array, Array]:
    """FMR and FNMR at each threshold; a comparison matches when its similarity exceeds it."""
    sorted_genuine, sorted_impostor = np.sort(genuine), np.sort(impostor)
    fnmr = np.searchsorted(sorted_genuine, thresholds, side="right") / len(genuine)
    fmr = 1 - np.searchsorted(sorted_impostor, thresholds, side="right") / len(impostor)
    return fmr, fnmr


def best_threshold(scores: Array, same: NDArray[np.bool_]) -> tuple[float, float]:
    """The threshold that gets most pairs right, and that share; the middle of the best plateau.

    scores: (N,) finite. same: (N,). A pair is called the same person when its score exceeds the threshold."""
    order = np.argsort(scores, kind="stable")
    ranked, truth = scores[order].astype(np.float64), same[order]
    # cut k: the k lowest scores are called different
    right = np.concatenate([[0], np.cumsum(~truth)]) + np.concatenate([np.cumsum(truth[::-1])[::-1], [0]])
    possible = np.concatenate([[True], ranked[1:] > ranked[:-1], [True]])  # no cut between equal scores
    right = np.where(possible, right, -1)
    best = np.flatnonzero(right == right.max())
    cut = int(best[len(best) // 2])
    edges = np.concatenate([[ranked[0] - 1], ranked, [ranked[-1] + 1]])
    return float((edges[cut] + edges[cut + 1]) / 2), float(right[cut] / len(scores))


def wilson(errors: float, n: int) -> tuple[float, float]:
    """95 % interval of a share, for independent trials. Source: Wilson 1927."""
    z = 1.959964
    share, squared = errors / n, z * z / n
    middle = (share + squared / 2) / (1 + squared)
    half = z * np.sqrt(share * (1 - share) / n + squared / (4 * n)) / (1 + squared)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def expected_calibration_error(
    probability: Array, same: NDArray[np.bool_], weights: Array, bins: int = 15
) -> float:
    """Mean distance between what is said and what happens, over `bins` of equal width; all (N,)."""
    rows = reliability(probability, same, weights, bins)
    return float(sum(share * abs(said - happened) for said, happened, share in rows))


def reliability(
    probability: Array, same: NDArray[np.bool_], weights: Array, bins: int = 15
) -> list[tuple[float, float, float]]:
    """(mean probability said, share that was genuine, share of all weight) of every bin that is not empty."""
    place = np.minimum((probability * bins).astype(np.intp), bins - 1)
    weight = np.bincount(place, weights, bins)
    said = np.bincount(place, weights * probability, bins)
    happened = np.bincount(place, weights * same, bins)
    return [
        (float(said[i] / weight[i]), float(happened[i] / weight[i]), float(weight[i] / weights.sum()))
        for i in range(bins)
        if weight[i] > 0
    ]


def brier(probability: Array, same: NDArray[np.bool_], weights: Array) -> float:
    """Mean squared distance between the probability and what happened: 0 best, 0.25 for always 0.5."""
    return float(np.average((probability - same) ** 2, weights=weights))


def cllr(genuine: Array, impostor: Array) -> float:
    """Cost of log-likelihood ratios in bits: 0 best, 1 for no information. Source: Brümmer, du Preez 2006.

    genuine, impostor: natural-log likelihood ratios (the logit at even prior odds)."""
    missed = np.logaddexp(0, -np.asarray(genuine, np.float64)).mean()
    alarmed = np.logaddexp(0, np.asarray(impostor, np.float64)).mean()
    return float((missed + alarmed) / (2 * np.log(2)))


def even_weights(same: NDArray[np.bool_]) -> Array:
    """(N,): genuine and impostor comparisons weigh the same in total, so the figure knows no prior."""
    return np.asarray(np.where(same, 0.5 / max(1, same.sum()), 0.5 / max(1, (~same).sum())))


def platt(scores: Array, same: NDArray[np.bool_], weights: Array) -> tuple[float, float]:
    """Slope a and shift b of P = 1 / (1 + exp(-(a s + b))), by Newton's method on weighted cross-entropy with
    a trace of ridge, so that perfectly separable scores give a finite slope. Source: Platt 1999."""
    centre, spread = float(scores.mean()), float(scores.std()) or 1.0
    design = np.stack([(scores - centre) / spread, np.ones(len(scores))], axis=1).astype(np.float64)
    share = weights / weights.sum()
    beta = np.zeros(2)
    for _ in range(100):
        said = logistic(design @ beta)
        gradient = design.T @ (share * (said - same)) + 1e-4 * beta * (1, 0)
        curvature = (design * (share * said * (1 - said))[:, None]).T @ design + np.diag([1e-4, 1e-9])
        step = np.linalg.solve(curvature, gradient)
        beta -= step * min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-9:
            break
    return float(beta[0] / spread), float(beta[1] - beta[0] * centre / spread)
