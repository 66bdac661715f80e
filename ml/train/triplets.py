"""Which pictures meet: triplets, genuine and impostor pairs, batches of P people with K pictures.

Everything is drawn from the generator given: same generator, same batches.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


class NoTriplets(ValueError):
    """No person has two pictures, or there is only one person."""


@dataclass(frozen=True)
class ByPerson:
    """Pictures sorted by person, so that another picture of the same person is found without a search."""

    order: Indices  # (N,) positions of pictures, person by person
    start: Indices  # (N,) where in `order` the person of picture i begins
    count: Indices  # (N,) how many pictures the person of picture i has

    @classmethod
    def of(cls, people: Indices) -> "ByPerson":
        order = np.argsort(people, kind="stable")
        _, number, counts = np.unique(people, return_inverse=True, return_counts=True)
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        return cls(order, starts[number], counts[number])

    def another(self, pictures: Indices, rng: np.random.Generator) -> Indices:
        """For each picture another one of the same person; every one of `pictures` must have one."""
        place = np.empty(len(self.order), dtype=np.int64)
        place[self.order] = np.arange(len(self.order))
        own = place[pictures] - self.start[pictures]
        step = 1 + rng.integers(0, self.count[pictures] - 1)
        return self.order[self.start[pictures] + (own + step) % self.count[pictures]]


def random_triplets(people: Indices, n: int, rng: np.random.Generator) -> Indices:
    """(n, 3) positions of anchor, positive, negative. Anchors are a shuffled list of all pictures that have a
    positive, repeated as needed; positive and negative are any. Raises NoTriplets."""
    groups = ByPerson.of(people)
    possible = np.flatnonzero((groups.count > 1) & (groups.count < len(people)))
    if not len(possible):
        raise NoTriplets("no triplet: at least two people are needed, one of them with two pictures")
    rounds = -(-n // len(possible))
    anchors = np.concatenate([rng.permutation(possible) for _ in range(rounds)])[:n]
    return np.stack([anchors, groups.another(anchors, rng), _others(people, anchors, rng)], axis=1)


def random_pairs(people: Indices, n: int, rng: np.random.Generator) -> tuple[Indices, NDArray[np.bool_]]:
    """(n, 2) positions and (n,) whether both show one person; one half genuine, one half impostor, in random
    order. Raises NoTriplets."""
    half = n // 2
    triplets = random_triplets(people, n - half, rng)
    pairs = np.concatenate([triplets[:half, [0, 1]], triplets[:, [0, 2]]])
    genuine = np.arange(n) < half
    order = rng.permutation(n)
    return pairs[order], genuine[order]


def grouped_batches(
    people: Indices, batch: int, per_person: int, rng: np.random.Generator
) -> Iterator[Indices]:
    """Every picture once: up to `per_person` pictures of one person together, at least `batch` pictures a batch;
    what is left at the end joins the last one if it is less than a quarter of a batch."""
    shuffled = rng.permutation(len(people))
    shuffled = shuffled[np.argsort(people[shuffled], kind="stable")]
    cuts = np.flatnonzero(np.diff(people[shuffled])) + 1
    groups = [
        pictures[i : i + per_person]
        for pictures in np.split(shuffled, cuts)
        for i in range(0, len(pictures), per_person)
    ]
    order = rng.permutation(len(groups))
    left = len(people)
    waiting: list[Indices] = []
    for i in order:
        waiting.append(groups[i])
        left -= len(groups[i])
        if sum(map(len, waiting)) >= batch and left >= batch // 4:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _others(people: Indices, anchors: Indices, rng: np.random.Generator) -> Indices:
    """For each anchor a picture of anybody else; the few that hit the same person are drawn again."""
    found = rng.integers(0, len(people), len(anchors))
    while len(again := np.flatnonzero(people[found] == people[anchors])):
        found[again] = rng.integers(0, len(people), len(again))
    return found
