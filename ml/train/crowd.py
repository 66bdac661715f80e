"""Embeddings of people with names and of strangers without, and parts of both by the hash of their names."""

import argparse
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.files import DataUnusable
from ml.data.look_alikes import mean_directions
from ml.data.splits import plain, read_names
from ml.evaluate.choice import ModelSpec
from ml.evaluate.doubles import doubles_within
from ml.evaluate.embeddings import Embedded, embed_pictures
from ml.evaluate.people import pictures_under, read_people
from ml.evaluate.probability import half_of

TWIN_COSINE = (
    0.98  # of the mean directions: one person in Pins and CelebA lies at 0.992, the next pair at 0.970
)
Floats = NDArray[np.float32]
Embed = Callable[[Sequence[Path], str], Embedded]


@dataclass(frozen=True, eq=False)
class Crowd:
    """names (P,); owner (N,) index into names, ascending; vectors (N, d) of length 1, NaN where no face was found;
    strangers (S, d), all found; stranger_names (S,)."""

    names: tuple[str, ...]
    owner: NDArray[np.intp]
    vectors: Floats
    strangers: Floats
    stranger_names: tuple[str, ...]

    def part(self, keep: Callable[[str], bool]) -> "Crowd":
        """Of people and of strangers those whose name is kept."""
        people = np.array([keep(name) for name in self.names], bool)
        others = np.array([keep(name) for name in self.stranger_names], bool)
        chosen = people[self.owner]
        number = np.cumsum(people) - 1
        return Crowd(
            names=tuple(np.array(self.names, object)[people]),
            owner=number[self.owner[chosen]],
            vectors=self.vectors[chosen],
            strangers=self.strangers[others],
            stranger_names=tuple(np.array(self.stranger_names, object)[others]),
        )

    def positions(self) -> Iterator[NDArray[np.intp]]:
        """Of each person's pictures."""
        edges = np.searchsorted(self.owner, np.arange(len(self.names) + 1))
        return (np.arange(first, last) for first, last in pairwise(edges))

    @property
    def found(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.vectors[:, 0])


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument(
        "--strangers", type=Path, required=True, metavar="DIR",
        help="pictures without names; those whose hash deals them to the cohort take no part",
    )  # fmt: skip
    parser.add_argument("--leave-out", type=Path, metavar="FILE", help="names of people, one a line")
    parser.add_argument("--workers", type=int, default=1, help="processes that read pictures")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep embeddings (templates!) here")


def from_options(options: argparse.Namespace, spec: ModelSpec, version: str) -> Crowd:
    """Of the options above and `pictures_per_person`, embedded by a model. Raises DataUnusable."""

    def embed(pictures: Sequence[Path], label: str) -> Embedded:
        return embed_pictures(
            spec, version, pictures, workers=options.workers, cache=options.cache, label=label
        )

    return read_crowd(
        options.people,
        options.strangers,
        embed,
        left_out=read_names(options.leave_out) if options.leave_out else frozenset(),
        each=options.pictures_per_person,
    )


def fold_of(name: str, folds: int, salt: str = "") -> int:
    """By sha256 of the name alone: every machine and every later run agrees."""
    return int.from_bytes(hashlib.sha256((salt + name).encode()).digest()[:8], "big") % folds


def read_crowd(
    folders: Sequence[Path], strangers: Path, embed: Embed, *, left_out: frozenset[str], each: int
) -> Crowd:
    """each: pictures of a person at most, the first by name; near-duplicates and people who are in two folders are
    left out, as are strangers whom `python -m ml.train cohort` may have taken. Raises DataUnusable."""
    names: list[str] = []
    files: list[Path] = []
    owner: list[int] = []
    source: list[int] = []
    for number, folder in enumerate(folders):
        people = read_people(folder, each=each)
        doubles = doubles_within(people)
        for person, name in enumerate(people.names):
            own = [i for i in people.of(person) if not doubles[i]]
            if plain(name) in left_out or plain(name) in names:
                continue
            owner += [len(names)] * len(own)
            names.append(plain(name))
            source.append(number)
            files += [people.pictures[i] for i in own]
    vectors = embed(files, "people").vectors
    unnamed = [f for f in pictures_under(strangers) if half_of(f.name) == 1]
    if not unnamed:
        raise DataUnusable(f"{strangers} holds no pictures of strangers who are not the cohort's.")
    others = embed(unnamed, "strangers")
    crowd = Crowd(
        names=tuple(names),
        owner=np.array(owner, np.intp),
        vectors=vectors,
        strangers=others.vectors[others.found],
        stranger_names=tuple(f.name for f, found in zip(unnamed, others.found, strict=True) if found),
    )
    twins = twins_in(crowd, np.array(source, np.intp))
    return crowd.part(lambda name: name not in twins)


def twins_in(crowd: Crowd, folder: NDArray[np.intp]) -> frozenset[str]:
    """People who look like one of an earlier folder: one person under two names would be an impostor of himself.
    folder: (P,). Within a folder names are believed: who merely looks alike must stay, or strangers would be too easy.
    """
    means = mean_directions([crowd.names[i] for i in crowd.owner], crowd.vectors)
    order = np.array([i for i, name in enumerate(crowd.names) if name in means])
    directions = np.array([means[crowd.names[i]] for i in order])
    earlier = folder[order][:, None] > folder[order][None]
    alike = (directions @ directions.T > TWIN_COSINE) & earlier
    return frozenset(crowd.names[i] for i in order[alike.any(axis=1)])
