"""The paper's table of pictures: every face at one size, without and with a drawn mask, kept in a folder.

The paper's LFW comes with masks drawn on every picture and its Pins without any, so that a mask tells the set.
Here both versions of every picture are kept, and a `Wearing` says which one a protocol shows.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from ml.data.files import DataUnusable, make_folder, read_array, read_text, write_text
from ml.data.finder import SERVED
from ml.data.masks import MeshUnusable, draw_mask
from ml.data.prepared import Prepared

Pixels = NDArray[np.uint8]
MASKED_SET = "lfw"  # the set whose people all wear masks in the paper
SEED = 20260
log = logging.getLogger(__name__)


class Wearing(StrEnum):
    PAPER = "paper"  # everybody of LFW, nobody of the other sets
    BALANCED = "balanced"  # every second picture of every set, by lot
    NOBODY = "nobody"
    EVERYBODY = "everybody"


@dataclass(frozen=True, eq=False)
class Pictures:
    """One row a picture. People are numbered across sets: who is in both is one person."""

    plain: Pixels  # (N, size, size, 3) RGB, a memory map
    masked: Pixels  # the same with a mask
    people: NDArray[np.int64]  # (N,)
    names: tuple[str, ...]  # plain name of each person
    sets: NDArray[np.str_]  # (N,)

    def __len__(self) -> int:
        return len(self.people)

    @property
    def size_px(self) -> int:
        return int(self.plain.shape[1])

    def worn(self, wearing: Wearing) -> NDArray[np.bool_]:
        """(N,) who wears a mask; the lot falls the same at every call."""
        match wearing:
            case Wearing.PAPER:
                return self.sets == MASKED_SET
            case Wearing.BALANCED:
                return np.random.default_rng(SEED).permutation(len(self)) % 2 == 0
            case Wearing.NOBODY | Wearing.EVERYBODY:
                return np.full(len(self), wearing is Wearing.EVERYBODY)

    def show(self, rows: Sequence[int] | NDArray[np.int64], worn: NDArray[np.bool_]) -> Pixels:
        """(n, size, size, 3); worn (n,) belongs to `rows`."""
        shown = np.empty((len(rows), *self.plain.shape[1:]), np.uint8)
        for place, (row, mask) in enumerate(zip(rows, worn, strict=True)):
            shown[place] = (self.masked if mask else self.plain)[row]
        return shown

    @classmethod
    def open(cls, folder: Path) -> "Pictures":
        """Raises DataUnusable, naming the file, where one is absent or does not fit the others."""
        table = folder / "table.json"
        try:
            content = json.loads(read_text(table))
            people = np.array(content["people"], np.int64)
            sets, names = np.array(content["sets"], np.str_), tuple(content["names"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataUnusable(f"{table} is not a table of pictures ({error!r}).") from error
        plain, masked = (read_array(folder / f"{name}.npy", np.uint8) for name in ("plain", "masked"))
        if not len(people) == len(sets) == len(plain) == len(masked):
            raise DataUnusable(
                f"{table} does not fit the pictures beside it; remove {folder} and start again."
            )
        return cls(plain, masked, people, names, sets)


def collect(sources: Iterable[Path], size_px: int, folder: Path) -> Pictures:
    """The pictures of prepared folders at `size_px`, drawn into `folder` once and opened from there later.

    Pictures without a person or without a mesh are left out and counted in the log. Raises DataUnusable."""
    if not (folder / "table.json").exists():
        make_folder(folder)
        prepared = [Prepared.open(source) for source in sources]
        write(folder, size_px, _faces(prepared), sum(map(len, prepared)))
    return Pictures.open(folder)


@dataclass(frozen=True, slots=True)
class Face:
    crop: Pixels  # (150, 150, 3) as served
    mesh: NDArray[np.float32]  # (468, 2) px of the crop
    person: str
    set: str


def write(folder: Path, size_px: int, faces: Iterable[Face], n_max: int) -> None:
    """table.json is written last: without it the folder is not finished."""
    shape = (n_max, size_px, size_px, 3)
    plain, masked = (
        np.lib.format.open_memmap(folder / f".{name}.npy", "w+", np.uint8, shape)
        for name in ("plain", "masked")
    )
    people, sets, without = list[str](), list[str](), 0
    for face in tqdm(faces, "masks", n_max, mininterval=2):
        try:
            rng = np.random.default_rng([SEED, len(people)])
            mask = draw_mask(face.crop, face.mesh, rng)
        except MeshUnusable:
            without += 1
            continue
        plain[len(people)], masked[len(people)] = resized(face.crop, size_px), resized(mask, size_px)
        people.append(face.person)
        sets.append(face.set)
    if not people:
        raise DataUnusable(f"{folder}: no picture shows a known person with a mesh.")
    log.info("%d pictures, %d left out without a mesh", len(people), without)
    _cut(folder, plain[: len(people)], masked[: len(people)])
    names, numbers = np.unique(people, return_inverse=True)
    table = {"names": names.tolist(), "people": numbers.tolist(), "sets": sets, "without_mesh": without}
    write_text(folder / "table.json", json.dumps(table) + "\n")


def resized(crop: Pixels, size_px: int) -> Pixels:
    return np.asarray(Image.fromarray(crop).resize((size_px, size_px), Image.Resampling.BICUBIC))


def _cut(folder: Path, plain: Pixels, masked: Pixels) -> None:
    for name, rows in (("plain", plain), ("masked", masked)):
        np.save(folder / f"{name}.npy", rows)
        (folder / f".{name}.npy").unlink()


def _faces(folders: Sequence[Prepared]) -> Iterator[Face]:
    for prepared in folders:
        for i in np.flatnonzero(prepared.persons != ""):
            crop = prepared.served([int(i)])[0]
            mesh = prepared.points[i] - SERVED.start
            yield Face(crop, mesh, str(prepared.persons[i]), str(prepared.sets[i]))
