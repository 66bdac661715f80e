"""Which pictures are learned from or compared together: P x K batches, and genuine and impostor pairs. Seeded: the
same seed and epoch give the same choice on every machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.data.splits import one_split_each

Ints = NDArray[np.intp]


class PeopleBatches:
    """Batches of P people with K pictures each, for losses that need genuine and impostor pairs inside a batch
    (Hermans et al. 2017).

    persons: one name a picture; who has no name or a single picture cannot be drawn (`left_out` counts their
    pictures). Every epoch deals each person's pictures anew into groups of K (the last group is filled up with
    pictures of other groups, or repeats where the person has fewer than K) and draws groups without replacement,
    larger people in proportion, until fewer than P people have any left.

    neighbours: (people, M) places in `people`, most similar first; then each batch starts from P * (1 - hard_share)
    people drawn as above and is filled up with their nearest neighbours, so that impostors are hard."""

    def __init__(
        self,
        persons: Sequence[str] | NDArray[np.str_],
        *,
        people: int,
        pictures: int,
        seed: int,
        neighbours: Ints | None = None,
        hard_share: float = 0.5,
    ) -> None:
        by_person: dict[str, list[int]] = {}
        for index, person in enumerate(persons):
            by_person.setdefault(str(person), []).append(index)
        self.people = sorted(person for person, own in by_person.items() if person and len(own) > 1)
        self._own = [np.array(by_person[person], np.intp) for person in self.people]
        self.left_out = len(persons) - sum(map(len, self._own))
        if people < 2 or pictures < 2:
            raise ValueError(f"a batch needs two people and two pictures of each, not {people} x {pictures}")
        if len(self.people) < people:
            raise ValueError(f"batches of {people} people from {len(self.people)} with two pictures or more")
        if neighbours is not None and len(neighbours) != len(self.people):
            raise ValueError(f"neighbours of {len(neighbours)} people for {len(self.people)}")
        self._shape = (people, pictures)
        self._seed = seed
        self._neighbours = neighbours
        self._drawn = people if neighbours is None else max(1, round(people * (1 - hard_share)))

    def epoch(self, number: int) -> Iterator[Ints]:
        """(P * K,) indices into `persons` a batch, K of a person side by side."""
        random = np.random.default_rng((self._seed, number))
        groups = [_dealt(own, self._shape[1], random) for own in self._own]
        left = np.array([len(of_person) for of_person in groups])
        while np.count_nonzero(left) >= self._shape[0]:
            chosen = self._choose(left, random)
            left[chosen] -= 1
            yield np.concatenate([groups[person][left[person]] for person in chosen])

    def _choose(self, left: Ints, random: np.random.Generator) -> Ints:
        people = self._shape[0]
        order = random.choice(len(left), np.count_nonzero(left), replace=False, p=left / left.sum())
        if self._neighbours is None:
            chosen: Ints = order[:people]
            return chosen
        hard = list(order[: self._drawn])
        near = (int(n) for column in self._neighbours[hard].T for n in column)  # the nearest of each first
        for person in (*near, *order):
            if len(hard) == people:
                break
            if left[person] and person not in hard:
                hard.append(person)
        return np.array(hard, np.intp)


def _dealt(own: Ints, size: int, random: np.random.Generator) -> list[Ints]:
    """One person's pictures, shuffled, in groups of `size`."""
    shuffled = random.permutation(own)
    groups = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]
    missing = size - len(groups[-1])
    if missing:
        others = np.setdiff1d(own, groups[-1])
        pool = others if len(others) >= missing else own
        more = random.choice(pool, missing, replace=len(pool) < missing)
        groups[-1] = np.concatenate([groups[-1], more])
    return groups


def nearest_people(means: NDArray[np.floating], count: int) -> Ints:
    """means: (people, D) of length 1. Returns (people, count): the most similar others, nearest first."""
    cosines = means @ means.T
    np.fill_diagonal(cosines, -np.inf)
    nearest: Ints = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return nearest


@dataclass(frozen=True, eq=False)
class Pairs:
    """Indices (n,) of the two pictures of each pair, and (n,) bool: are they of one person."""

    first: Ints
    second: Ints
    same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.same)


def balanced_pairs(
    persons: Sequence[str] | NDArray[np.str_],
    splits: Sequence[str] | NDArray[np.str_],
    *,
    split: str,
    count: int,
    seed: int,
) -> Pairs:
    """count / 2 genuine and as many impostor pairs of one split, none twice, in random order. People take turns in
    genuine pairs, so that those with many pictures do not outweigh the others; impostor pairs are drawn evenly over
    people. Raises ValueError where the split has too few pairs, or where a person is in two splits."""
    one_split_each(map(str, persons), map(str, splits))
    people: dict[str, list[int]] = {}
    for index, (person, of) in enumerate(zip(persons, splits, strict=True)):
        if person and of == split:
            people.setdefault(str(person), []).append(index)
    own = [np.array(people[person], np.intp) for person in sorted(people)]
    random = np.random.default_rng(seed)
    genuine = _genuine(own, count // 2, split, random)
    impostor = _impostor(own, count - count // 2, split, random)
    pairs = np.concatenate([genuine, impostor])
    order = random.permutation(len(pairs))
    same = np.arange(len(pairs)) < len(genuine)
    return Pairs(pairs[order, 0], pairs[order, 1], same[order])


def _genuine(own: Sequence[Ints], count: int, split: str, random: np.random.Generator) -> Ints:
    possible = sum(len(one) * (len(one) - 1) // 2 for one in own)
    if possible < count:
        raise ValueError(f"{split} has {possible} genuine pairs, {count} were asked for")
    waiting = []
    for one in own:
        places = np.stack(np.triu_indices(len(one), 1), axis=1)
        waiting.append(one[random.permutation(places)[:count]])
    turns = [(turn, person) for person, pairs in enumerate(waiting) for turn in range(len(pairs))]
    turns.sort(key=lambda at: at[0])
    return np.array([waiting[person][turn] for turn, person in turns[:count]], np.intp).reshape(-1, 2)


def _impostor(own: Sequence[Ints], count: int, split: str, random: np.random.Generator) -> Ints:
    sizes = np.array([len(one) for one in own], np.int64)
    possible = int(sizes.sum() ** 2 - (sizes**2).sum()) // 2
    if possible < count:
        raise ValueError(f"{split} has {possible} impostor pairs, {count} were asked for")
    found: dict[tuple[int, int], None] = {}
    if possible < 2 * count:  # drawing would seldom hit a new one: list them all
        owner = np.repeat(np.arange(len(own)), sizes)
        places = np.stack(np.nonzero(owner[:, None] < owner[None, :]), axis=1)
        listed: Ints = np.concatenate(own)[random.permutation(places)[:count]]
        return listed
    while len(found) < count:
        one, other = (int(person) for person in random.choice(len(own), 2, replace=False))
        pair = (int(random.choice(own[one])), int(random.choice(own[other])))
        found[min(pair), max(pair)] = None
    return np.array(list(found), np.intp).reshape(-1, 2)
