"""Crops in packs: written one whole pack at a time, so that a run that was cut off goes on with the next.

Beside each pack lies, until the folder is finished, a part file in `.work` with what else is known of its
pictures; a pack counts as done when its part file names the same pictures, cut the same way.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.data.files import DataUnusable, read_array, sha256_of, write_array, write_atomically
from ml.data.finder import CROP_PX, MESH_POINTS, Cut
from ml.data.readers import Picture, Reader
from ml.data.workers import Progress, Workers, finder
from ml.face.embed import DIMENSIONS

PACK_ROWS = 512  # of 110,592 bytes: 56.6 MB
WORK = ".work"


@dataclass(frozen=True, slots=True)
class Task:
    picture: Picture
    reader: Reader
    sha256: str
    embed: bool


@dataclass(frozen=True, eq=False)
class Pack:
    """What became of each of its tasks, in order. row: place in the pack's file, -1 where there is no crop."""

    number: int
    problem: NDArray[np.str_]
    row: NDArray[np.intp]
    quality: NDArray[np.str_]
    points: NDArray[np.float32]  # (n, 468, 2), NaN where unknown
    embeddings: NDArray[np.float32]  # (n, 128), NaN where not asked or undetected


def pack_name(number: int) -> str:
    return f"crops-{number:03}.npy"


def cut_into_packs(
    tasks: Sequence[Task], first: int, out: Path, rows: int, mapped: Workers, progress: Progress, label: str
) -> Iterator[Pack]:
    """Packs first, first + 1, … of `rows` tasks each. Those that an earlier run finished are not done again."""
    groups = [tasks[i : i + rows] for i in range(0, len(tasks), rows)]
    done = {number: _finished(out, number, group) for number, group in enumerate(groups, first)}
    waiting = [task for number, group in enumerate(groups, first) if not done[number] for task in group]
    seen = iter(progress(_cuts(groups, first, done, mapped), total=len(waiting), label=label))
    for number, group in enumerate(groups, first):
        yield done[number] or _written(out, number, group, [next(seen) for _ in group])


def _cuts(
    groups: Sequence[Sequence[Task]], first: int, done: dict[int, Pack | None], mapped: Workers
) -> Iterator[Cut]:
    """Pack by pack: the next pack's pictures are not begun before this one is on the disk, else crops would pile
    up in memory."""
    for number, group in enumerate(groups, first):
        if not done[number]:
            yield from mapped(_cut, group)


def _cut(task: Task) -> Cut:
    return finder().cut(task.picture, task.reader, embed=task.embed)


def _written(out: Path, number: int, tasks: Sequence[Task], cuts: Sequence[Cut]) -> Pack:
    crops = [cut.crop for cut in cuts if cut.crop is not None]
    kept = np.array([cut.crop is not None for cut in cuts])
    blank = np.full((MESH_POINTS, 2), np.nan, np.float32)
    unknown = np.full(DIMENSIONS, np.nan, np.float32)
    pack = Pack(
        number=number,
        problem=np.array([cut.problem for cut in cuts], np.str_),
        row=np.where(kept, np.cumsum(kept) - 1, -1),
        quality=np.array([cut.quality for cut in cuts], np.str_),
        points=np.array([blank if cut.points is None else cut.points for cut in cuts]),
        embeddings=np.array([unknown if cut.embedding is None else cut.embedding for cut in cuts]),
    )
    write_array(out / pack_name(number), np.array(crops, np.uint8).reshape(-1, CROP_PX, CROP_PX, 3))
    part = io.BytesIO()
    np.savez(
        part, key=np.array(_key(tasks)), problem=pack.problem, row=pack.row, quality=pack.quality,
        points=pack.points, embeddings=pack.embeddings,
    )  # fmt: skip
    write_atomically(_part(out, number), lambda file: file.write(part.getbuffer()))
    return pack


def _finished(out: Path, number: int, tasks: Sequence[Task]) -> Pack | None:
    try:
        with np.load(_part(out, number), allow_pickle=False) as part:
            if str(part["key"]) != _key(tasks):
                return None
            pack = Pack(number, *(part[key] for key in ("problem", "row", "quality", "points", "embeddings")))
        crops = read_array(out / pack_name(number), np.uint8)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, DataUnusable):
        return None
    return pack if len(crops) == pack.row.max() + 1 else None


def _part(out: Path, number: int) -> Path:
    return out / WORK / f"pack-{number:03}.npz"


def _key(tasks: Sequence[Task]) -> str:
    """The same pictures by content, read the same way, by the same detector and embedder."""
    return sha256_of(
        finder().version, str(CROP_PX), *(f"{task.sha256} {task.reader} {task.embed}" for task in tasks)
    )
