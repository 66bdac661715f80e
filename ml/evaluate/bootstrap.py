"""Error rates over all pairs of people, with 95 % intervals by drawing people, never pairs.

Pairs that share a person are not independent; drawing pairs would give intervals several times too narrow. A draw
gives each person a weight w (how often drawn); an impostor pair then weighs w_a * w_b, a person's FNMR w. The
threshold is found anew in every draw, so its own uncertainty is in the interval.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.metrics import TooFewImpostors

DRAWS = 1_000
TAIL = 4  # so many times the allowed impostors are kept for the draws; a draw that needs more uses the last
Array = NDArray[np.floating]
Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Impostors:
    """All impostor comparisons: `scores` in no order, the pair behind each by `people_of(position)`."""

    scores: NDArray[np.float32]  # (I,)
    rows: Ints  # (R,) person of each row, e.g. whose probe
    columns: Ints  # (C,) person of each column, e.g. whose template
    starts: Ints  # (R,) position of each row's first score
    first_columns: Ints  # (R,) column of each row's first score
    skipped: Ints  # (R,) column that the row leaves out (the person's own), or the number of columns

    def people_of(self, positions: Ints) -> tuple[Ints, Ints]:
        row = np.searchsorted(self.starts, positions, side="right") - 1
        column = positions - self.starts[row] + self.first_columns[row]
        column = column + (column >= self.skipped[row])
        return self.rows[row], self.columns[column]


@dataclass(frozen=True)
class Rate:
    """FNMR at one FMR. decided_by: how many impostor comparisons exceed the threshold."""

    fnmr: float
    low: float
    high: float
    threshold: float
    fnmr_of_pairs: float  # the same with every comparison counting once
    decided_by: int


@dataclass(frozen=True)
class Genuine:
    """Genuine scores by person; -inf where a picture gave no face. people: (P,) index of each."""

    people: Ints
    scores: Sequence[NDArray[np.float32]]

    def fnmr_by_person(self, thresholds: Array) -> Array:
        """(P, T): share of each person's comparisons at or below each threshold."""
        return np.stack(
            [np.searchsorted(np.sort(own), thresholds, side="right") / len(own) for own in self.scores]
        )

    @property
    def n(self) -> int:
        return sum(len(own) for own in self.scores)


@dataclass(frozen=True)
class Draws:
    """At the threshold of all comparisons, first, and then of every draw of people: `by_person` (P, 1 + draws) the
    FNMR, `weights` (draws, P) how often each was drawn. The same seed draws the same people: two models can be
    paired."""

    threshold: float
    decided_by: int
    by_person: Array
    weights: Array


def draw(
    genuine: Genuine, impostors: Impostors, fmr: float, *, n_people: int, seed: int = 7, draws: int = DRAWS
) -> Draws:
    """The lowest threshold that at most `fmr` of the impostor comparisons exceed, found anew in every draw.

    Raises TooFewImpostors if fmr * I < 1."""
    total = len(impostors.scores)
    allowed = int(np.floor(fmr * total + 1e-9))
    if allowed < 1:
        raise TooFewImpostors(f"FMR {fmr:g} needs at least {1 / fmr:.0f} impostor pairs, got {total}")
    kept = min(total, TAIL * allowed + 50)
    positions = np.argpartition(impostors.scores, total - kept)[total - kept :]
    positions = positions[np.argsort(-impostors.scores[positions], kind="stable")]
    tail = impostors.scores[positions]  # highest first
    threshold = float(tail[min(allowed, kept - 1)])
    thresholds = [
        _drawn_threshold(tail, pairs, fmr) for pairs in _draws(impostors, positions, n_people, seed, draws)
    ]
    return Draws(
        threshold=threshold,
        decided_by=int((tail > threshold).sum()),
        by_person=genuine.fnmr_by_person(np.array([threshold, *thresholds])),
        weights=_weights(n_people, seed, draws)[:, genuine.people],
    )


def rate_at(
    genuine: Genuine, impostors: Impostors, fmr: float, *, n_people: int, seed: int = 7, draws: int = DRAWS
) -> Rate:
    """At the threshold of `draw`; FNMR is the mean over people."""
    drawn = draw(genuine, impostors, fmr, n_people=n_people, seed=seed, draws=draws)
    low, high = interval(drawn.by_person[:, 1:], drawn.weights)
    every = np.concatenate(list(genuine.scores))
    return Rate(
        fnmr=float(drawn.by_person[:, 0].mean()),
        low=low,
        high=high,
        threshold=drawn.threshold,
        fnmr_of_pairs=float((every <= drawn.threshold).mean()),
        decided_by=drawn.decided_by,
    )


def rate_at_threshold(
    genuine: Genuine, threshold: float, *, n_people: int, seed: int = 7
) -> tuple[float, float, float]:
    """Person-mean FNMR at a given threshold with its interval: (fnmr, low, high)."""
    by_person = genuine.fnmr_by_person(np.array([threshold]))
    low, high = interval(
        np.repeat(by_person, DRAWS, axis=1), _weights(n_people, seed, DRAWS)[:, genuine.people]
    )
    return float(by_person.mean()), low, high


def interval(by_person: Array, weights: Array) -> tuple[float, float]:
    """95 % of the weighted means; by_person: (P, draws), weights: (draws, P)."""
    total = weights.sum(axis=1)
    means = np.einsum("pd,dp->d", by_person, weights)[total > 0] / total[total > 0]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _weights(n_people: int, seed: int, draws: int) -> Array:
    """(draws, n_people): how often each person was drawn."""
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, n_people, (draws, n_people))
    flat = drawn + np.arange(draws)[:, None] * n_people
    return np.bincount(flat.ravel(), minlength=draws * n_people).reshape(draws, n_people).astype(np.float64)


def _draws(
    impostors: Impostors, positions: Ints, n_people: int, seed: int, draws: int
) -> Iterator[tuple[Array, float]]:
    """For every draw the weights of the kept pairs and the weight of all pairs."""
    a, b = impostors.people_of(positions)
    weights = _weights(n_people, seed, draws)
    everyone = weighed_total(impostors, weights)
    for weight, total in zip(weights, everyone, strict=True):
        yield weight[a] * weight[b], float(total)


def weighed_total(impostors: Impostors, weights: Array) -> Array:
    """(draws,): the weight of all impostor pairs, from row and column sums alone."""
    by_column = np.concatenate(
        [np.zeros((len(weights), 1)), np.cumsum(weights[:, impostors.columns], axis=1)], axis=1
    )
    columns = len(impostors.columns)
    row_sum = by_column[:, [columns]] - by_column[:, impostors.first_columns]  # (draws, R)
    own = np.where(
        impostors.skipped < columns,
        weights[:, impostors.columns[np.minimum(impostors.skipped, columns - 1)]],
        0,
    )
    return np.asarray((weights[:, impostors.rows] * (row_sum - own)).sum(axis=1))


def _drawn_threshold(tail: NDArray[np.float32], pairs: tuple[Array, float], fmr: float) -> float:
    weight, total = pairs
    beyond = int(np.searchsorted(np.cumsum(weight), fmr * total, side="right"))
    return float(tail[min(beyond, len(tail) - 1)])
