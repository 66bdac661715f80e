"""A folder of people: one folder a person, pictures inside, in the order of their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.errors import EvaluationError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def pictures_under(folder: Path) -> tuple[Path, ...]:
    """At any depth, in the order of their paths."""
    return tuple(file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SUFFIXES)


@dataclass(frozen=True)
class People:
    folder: Path
    names: tuple[str, ...]
    pictures: tuple[Path, ...]  # person after person
    owner: NDArray[np.intp]  # (pictures,) index into names

    def of(self, person: int) -> NDArray[np.intp]:
        """Positions of this person's pictures."""
        first, last = np.searchsorted(self.owner, [person, person + 1])
        return np.arange(first, last)

    def counts(self) -> NDArray[np.intp]:
        return np.bincount(self.owner, minlength=len(self.names))


def read_people(folder: Path, *, people: int | None = None, each: int | None = None, seed: int = 7) -> People:
    """people: so many at most, drawn by `seed`; each: so many pictures of one, the first by name. Raises
    EvaluationError for a folder that is missing or holds no person with a picture."""
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder")
    found = {
        person.name: [file for file in sorted(person.iterdir()) if file.suffix.lower() in SUFFIXES][:each]
        for person in sorted(folder.iterdir())
        if person.is_dir()
    }
    found = {name: files for name, files in found.items() if files}
    if not found:
        raise EvaluationError(
            f"{folder} holds no people: one folder a person with pictures inside is expected"
        )
    names = list(found)
    if people is not None and people < len(names):
        drawn = np.random.default_rng(seed).permutation(len(names))[:people]
        names = [names[i] for i in sorted(drawn)]
    return _people(folder, [(name, found[name]) for name in names])


def _people(folder: Path, found: Sequence[tuple[str, list[Path]]]) -> People:
    return People(
        folder=folder,
        names=tuple(name for name, _ in found),
        pictures=tuple(file for _, files in found for file in files),
        owner=np.repeat(np.arange(len(found)), [len(files) for _, files in found]),
    )
