"""A prepared folder, open for training and evaluation. Packs stay on the disk (memory-mapped)."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.data.files import DataUnusable, read_array, read_text
from ml.data.finder import CROP_PX, MESH_POINTS, SERVED
from ml.data.packing import pack_name
from ml.data.splits import Split, one_split_each, split_sha256

COLUMNS = (
    "picture", "set", "person", "split", "row", "pack", "quality", "age", "gender", "group",
)  # fmt: skip
Strings = NDArray[np.str_]
Ints = NDArray[np.intp]
Crops = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Columns are arrays of N, one place a picture, in the order of index.csv; persons are plain names, empty where
    unknown; ages, genders, groups as the set tells (UTKFace), else empty."""

    folder: Path
    pictures: Strings
    sets: Strings
    persons: Strings
    splits: Strings
    qualities: Strings
    ages: Strings
    genders: Strings
    groups: Strings
    packs: Ints
    rows: Ints
    points: NDArray[np.float32]  # (N, 468, 2) in px of the crop, NaN where no mesh was found
    report: dict[str, Any]
    _crops: dict[int, Crops]

    @classmethod
    def open(cls, folder: Path) -> "Prepared":
        """Raises DataUnusable, naming the file, where one is absent or does not fit the others, also where a
        person is in two splits or the splits are not those that report.json was written for."""
        report = _report(folder / "report.json")
        index = folder / "index.csv"
        columns = _columns(index)
        text = {name: np.array(columns[name], np.str_) for name in COLUMNS if name not in ("row", "pack")}
        packs, rows = (_numbers(index, name, columns[name]) for name in ("pack", "row"))
        crops = {
            int(number): _pack(folder, int(number), rows[packs == number]) for number in np.unique(packs)
        }
        points = read_array(folder / "points.npy", np.float32)
        if points.shape != (len(rows), MESH_POINTS, 2):
            raise DataUnusable(
                f"{folder / 'points.npy'} does not fit {index}: {points.shape} for {len(rows)}."
            )
        try:
            found = split_sha256(one_split_each(text["person"], text["split"]))
        except ValueError as error:
            raise DataUnusable(f"{index}: {error}.") from error
        if found != report["split_sha256"]:
            raise DataUnusable(f"{index}: its splits are not those of report.json; prepare the folder again.")
        return cls(
            folder=folder, pictures=text["picture"], sets=text["set"], persons=text["person"],
            splits=text["split"], qualities=text["quality"], ages=text["age"], genders=text["gender"],
            groups=text["group"], packs=packs, rows=rows, points=points, report=report, _crops=crops,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, split: Split | str | None = None, *, sets: Iterable[str] = ()) -> Ints:
        """Indices of a split (all, if None) and of some sets (all, if none is named)."""
        chosen = np.ones(len(self), bool)
        if split is not None:
            chosen &= self.splits == str(split)
        if names := list(sets):
            chosen &= np.isin(self.sets, names)
        return np.flatnonzero(chosen)

    def crop(self, index: int) -> Crops:
        """(192, 192, 3) RGB, read-only."""
        crop: Crops = self._crops[int(self.packs[index])][self.rows[index]]
        return crop

    def crops(self, indices: Sequence[int] | Ints) -> Crops:
        """(n, 192, 192, 3) RGB, a copy."""
        out = np.empty((len(indices), CROP_PX, CROP_PX, 3), np.uint8)
        for place, index in enumerate(indices):
            out[place] = self.crop(int(index))
        return out

    def served(self, indices: Sequence[int] | Ints) -> Crops:
        """(n, 150, 150, 3) RGB: what serving embeds, a copy."""
        return np.ascontiguousarray(self.crops(indices)[:, SERVED, SERVED])

    @property
    def split_sha256(self) -> str:
        return str(self.report["split_sha256"])


def _report(path: Path) -> dict[str, Any]:
    """It is written last: without it the folder is not finished."""
    if not path.exists():
        raise DataUnusable(
            f"{path} is absent: {path.parent} is no finished prepared folder (ml.data prepare)."
        )
    try:
        report = json.loads(read_text(path))
        missing = {"split_sha256", "sets"} - set(report)
        if missing:
            raise ValueError(f"without {', '.join(sorted(missing))}")
    except (ValueError, TypeError) as error:
        raise DataUnusable(f"{path} is not a report of ml.data prepare ({error!r}).") from error
    return dict(report)


def _columns(path: Path) -> dict[str, list[str]]:
    lines = list(csv.reader(io.StringIO(read_text(path), newline="")))
    if not lines or tuple(lines[0]) != COLUMNS:
        raise DataUnusable(f"{path}: its columns are not {','.join(COLUMNS)}.")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(COLUMNS):
            raise DataUnusable(f"{path}, line {number}: {len(line)} fields instead of {len(COLUMNS)}.")
    return {name: [line[i] for line in lines[1:]] for i, name in enumerate(COLUMNS)}


def _numbers(path: Path, name: str, values: list[str]) -> Ints:
    try:
        return np.array([int(value) for value in values], np.intp)
    except ValueError as error:
        raise DataUnusable(f"{path}, column {name}: {error}.") from error


def _pack(folder: Path, number: int, rows: Ints) -> Crops:
    path = folder / pack_name(number)
    crops = read_array(path, np.uint8)
    if crops.shape[1:] != (CROP_PX, CROP_PX, 3) or rows.max() >= len(crops):
        raise DataUnusable(f"{path} does not fit index.csv: shape {crops.shape}, row {rows.max()} asked.")
    return crops
