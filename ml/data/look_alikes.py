"""Training people who look like a test person to the base embedder: the same person under another name, mostly.

Two people are alike if the directions of their mean embeddings (at most PICTURES_PER_PERSON pictures each) have
a cosine above PERSON_COSINE; a picture without a person is alike above PICTURE_COSINE.

Both were read off 105 Pins people against LFW, at most 20 pictures each: the 15 who are in both lie at 0.970 to 0.992,
all others below 0.968, one of them above 0.965 (dlib-resnet-v1+mesh@4). The limit lies on the side that drops one too
many. One picture says less: with an earlier crop 2 of the 15 lay above 0.96 with their first, and 12 of 600 of UTKFace.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.files import DataUnusable, sha256_of
from ml.data.packing import Task
from ml.data.prepared import Prepared
from ml.data.readers import Picture, SourceSet, open_source
from ml.data.workers import Progress, Workers, batched, finder

PICTURES_PER_PERSON = 20
PERSON_COSINE = 0.965
PICTURE_COSINE = 0.96
BATCH = 64  # packed crops given to a process at once

Embeddings = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TestPeople:
    """names (P,) and their mean directions (P, 128); all_names also holds those in whom no face was found."""

    __test__ = False  # pytest: not a test class

    names: tuple[str, ...]
    means: Embeddings
    all_names: frozenset[str]


NOBODY = TestPeople((), np.empty((0, 128), np.float32), frozenset())


@dataclass(frozen=True, slots=True)
class LookAlike:
    """who: a training person, or a picture's name where people are unknown; like: the test person."""

    who: str
    like: str
    cosine: float


def first_of_each(pictures: Sequence[Picture]) -> list[bool]:
    """Which pictures enter a mean: the first few of each person, every one without a person."""
    count: dict[str, int] = defaultdict(int)
    chosen = []
    for picture in pictures:
        count[picture.person] += 1
        chosen.append(not picture.person or count[picture.person] <= PICTURES_PER_PERSON)
    return chosen


def mean_directions(people: Sequence[str], embeddings: Embeddings) -> dict[str, Embeddings]:
    """people (n,), embeddings (n, 128), NaN rows and nameless ones left out → person → (128,) of length 1."""
    sums: dict[str, Embeddings] = {}
    for person, embedding in zip(people, embeddings, strict=True):
        if person and not np.isnan(embedding[0]):
            sums[person] = sums.get(person, np.zeros_like(embedding)) + embedding
    return {person: total / np.linalg.norm(total) for person, total in sorted(sums.items())}


def as_test_people(means: Mapping[str, Embeddings], all_names: frozenset[str]) -> TestPeople:
    if not means:
        return TestPeople((), NOBODY.means, all_names)
    return TestPeople(tuple(means), np.array(list(means.values()), np.float32), all_names)


def together(one: TestPeople, other: TestPeople) -> TestPeople:
    return TestPeople(
        one.names + other.names, np.concatenate([one.means, other.means]), one.all_names | other.all_names
    )


def find_alike(
    who: Sequence[str], embeddings: Embeddings, tests: TestPeople, limit: float
) -> list[LookAlike]:
    """embeddings (n, 128) of length 1, NaN where there is none. The closest test person of each that exceeds."""
    if not len(tests.names) or not len(who):
        return []
    cosines = np.nan_to_num(embeddings @ tests.means.T, nan=-1.0)  # (n, P)
    closest = cosines.argmax(axis=1)
    best = cosines[np.arange(len(who)), closest]
    return [
        LookAlike(who[int(i)], tests.names[int(closest[i])], round(float(best[i]), 4))
        for i in np.flatnonzero(best > limit)
    ]


@dataclass(frozen=True)
class TestSource:
    """What --look-alikes-of names: a prepared folder, or a folder or tar of people."""

    __test__ = False

    path: Path
    prepared: Prepared | None
    pictures: SourceSet | None

    @classmethod
    def open(cls, path: Path) -> "TestSource":
        if (path / "index.csv").exists():
            prepared = Prepared.open(path)
            if not any(prepared.persons):
                raise DataUnusable(f"{path} holds no people to compare with.")
            return cls(path, prepared, None)
        found = open_source(str(path))
        if not found.people:
            raise DataUnusable(f"{path} holds no people to compare with.")
        return cls(path, None, found)

    def sha256(self) -> str:
        """Names the content, by names and sizes only: reading it all would take as long as using it."""
        if self.prepared:
            return sha256_of(str(self.prepared.report.get("inputs_sha256")))
        assert self.pictures
        return sha256_of(
            *(f"{p.name} {p.size if p.size >= 0 else p.file.stat().st_size}" for p in self.pictures.pictures)
        )

    def embedded(self, mapped: Workers, progress: Progress) -> TestPeople:
        label = f"test people of {self.path.name}"
        if self.prepared:
            chosen = _first_indices(self.prepared)
            batches = [(self.path, batch) for batch in batched(chosen, BATCH)]
            found = list(progress(mapped(_embed_packed, batches), total=len(batches), label=label))
            people = [str(self.prepared.persons[i]) for i in chosen]
            return as_test_people(mean_directions(people, np.concatenate(found)), frozenset(people))
        assert self.pictures
        flags = first_of_each(self.pictures.pictures)
        tasks = [
            Task(picture, self.pictures.reader, "", embed=True)
            for picture, flag in zip(self.pictures.pictures, flags, strict=True)
            if flag
        ]
        rows = list(progress(mapped(_embed_raw, tasks), total=len(tasks), label=label))
        people = [task.picture.person for task in tasks]
        return as_test_people(mean_directions(people, np.array(rows)), self.pictures.people)


def _first_indices(prepared: Prepared) -> list[int]:
    count: dict[str, int] = defaultdict(int)
    chosen = []
    for index, person in enumerate(prepared.persons):
        count[person] += 1
        if person and count[person] <= PICTURES_PER_PERSON:
            chosen.append(index)
    return chosen


def _embed_packed(batch: tuple[Path, list[int]]) -> Embeddings:
    folder, indices = batch
    return np.array([finder().embed(crop) for crop in _opened(folder).served(indices)])


@cache  # once a process
def _opened(folder: Path) -> Prepared:
    return Prepared.open(folder)


def _embed_raw(task: Task) -> Embeddings:
    embedding = finder().cut(task.picture, task.reader, embed=True).embedding
    return np.full(NOBODY.means.shape[1], np.nan, np.float32) if embedding is None else embedding
