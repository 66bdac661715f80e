"""Every picture of a list → its embedding, once: in several processes, kept in a cache folder when one is named.

The cache holds templates of people, so nothing is kept unless a folder is named, and it is the caller's to delete.
It is a folder of small .npz files for each model version; each is written under a temporary name and moved, so a
run that was killed goes on where it stopped.
"""

import hashlib
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.evaluate.choice import ModelSpec
from ml.evaluate.errors import EvaluationError
from ml.evaluate.models import Model
from ml.face.reasons import PictureRefused

CHUNK = 16  # pictures a worker takes at once
SHARD = 512  # pictures a file of the cache

UNMADE = np.array([np.inf], np.float32)  # the row of a picture that could not be made
NO_FACE = np.empty(0, np.float32)

Load = Callable[[Path], bytes | None]  # None: the picture cannot be made (a mask where no face is)


@dataclass(frozen=True)
class Embedded:
    """vectors: (N, d) float32, rows of NaN where no face was found. milliseconds: median time of a picture read in
    this run, None when all came from the cache."""

    vectors: NDArray[np.float32]
    found: NDArray[np.bool_]
    milliseconds: float | None
    unmade: NDArray[np.bool_] | None = (
        None  # (N,) `load` could not make it: no face, but no fault of the model
    )

    @property
    def undetected(self) -> int:
        missed = ~self.found if self.unmade is None else ~self.found & ~self.unmade
        return int(missed.sum())


def embed_pictures(
    spec: ModelSpec,
    version: str,
    pictures: Sequence[Path],
    *,
    workers: int = 1,
    cache: Path | None = None,
    load: Load = Path.read_bytes,
    kind: str = "plain",
    label: str = "embedding",
) -> Embedded:
    """load, kind: how a picture is read, and its name in the cache (masked pictures have one for each recipe).

    Raises EvaluationError naming the first picture that cannot be read."""
    kept = _Cache(cache, f"{version}/{kind}") if cache else None
    keys = [picture_key(path) for path in pictures] if kept else [str(i) for i in range(len(pictures))]
    rows: dict[str, NDArray[np.float32]] = kept.read() if kept else {}
    todo = [i for i, key in enumerate(keys) if key not in rows]
    times: list[float] = []
    fresh: dict[str, NDArray[np.float32]] = {}
    for number, (index, vector, ms) in enumerate(_read_all(spec, pictures, todo, workers, load), start=1):
        fresh[keys[index]] = vector
        times.append(ms)
        _progress(label, number, len(todo))
        if kept and len(fresh) == SHARD:
            kept.write(fresh)
            rows, fresh = rows | fresh, {}
    if kept and fresh:
        kept.write(fresh)
    rows |= fresh
    vectors = _stacked([rows[key] for key in keys])
    unmade = np.isinf(vectors[:, 0])
    vectors[unmade] = np.nan
    return Embedded(vectors, ~np.isnan(vectors[:, 0]), float(np.median(times)) if times else None, unmade)


def _stacked(rows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Rows of width 0 mean no face; they become NaN."""
    width = max(max((len(row) for row in rows), default=0), 1)
    vectors = np.full((len(rows), width), np.nan, np.float32)
    for vector, row in zip(vectors, rows, strict=True):
        vector[: len(row)] = row
    return vectors


def picture_key(path: Path) -> str:
    """A picture that was replaced has another key; its content is not read for that."""
    stat = path.stat()
    return hashlib.sha256(f"{path.resolve()}|{stat.st_mtime_ns}|{stat.st_size}".encode()).hexdigest()[:32]


def _read_all(
    spec: ModelSpec, pictures: Sequence[Path], todo: list[int], workers: int, load: Load
) -> Iterator[tuple[int, NDArray[np.float32], float]]:
    chunks = [[(i, pictures[i]) for i in todo[at : at + CHUNK]] for at in range(0, len(todo), CHUNK)]
    if workers <= 1 or len(chunks) < 2:
        if chunks:
            _start(spec, load)
        for chunk in chunks:
            yield from _read_chunk(chunk)
        return
    spawn = multiprocessing.get_context("spawn")  # ONNX Runtime's threads do not survive a fork
    with ProcessPoolExecutor(workers, spawn, _start, (spec, load)) as pool:
        try:
            for rows in pool.map(_read_chunk, chunks):
                yield from rows
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_working: tuple[Model, Load] | None = None  # of this process; set once by _start


def _start(spec: ModelSpec, load: Load) -> None:
    global _working
    _working = (spec.load(), load)


def _read_chunk(chunk: list[tuple[int, Path]]) -> list[tuple[int, NDArray[np.float32], float]]:
    assert _working is not None
    model, load = _working
    rows = []
    for index, path in chunk:
        try:
            picture = load(path)
            began = time.perf_counter()
            vector = UNMADE if picture is None else model.embed(picture)
        except (OSError, PictureRefused) as error:
            raise EvaluationError(f"{path} cannot be read: {error}") from error
        ms = (time.perf_counter() - began) * 1e3
        rows.append((index, NO_FACE if vector is None else vector, ms))
    return rows


class _Cache:
    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder / hashlib.sha256(kind.encode()).hexdigest()[:16]
        self._folder.mkdir(parents=True, exist_ok=True)
        note = self._folder / "kind.txt"
        note.write_text(kind + "\n", encoding="utf-8")

    def read(self) -> dict[str, NDArray[np.float32]]:
        rows: dict[str, NDArray[np.float32]] = {}
        for file in sorted(self._folder.glob("*.npz")):
            with np.load(file) as shard:
                keys, vectors, lengths = shard["keys"], shard["vectors"], shard["lengths"]
            rows |= {str(k): v[:n] for k, v, n in zip(keys, vectors, lengths, strict=True)}
        return rows

    def write(self, rows: dict[str, NDArray[np.float32]]) -> None:
        keys = np.array(list(rows))
        name = hashlib.sha256("".join(rows).encode()).hexdigest()[:16]
        temporary = self._folder / f"{name}.{os.getpid()}.tmp"
        with temporary.open("wb") as out:
            np.savez(
                out,
                keys=keys,
                vectors=_stacked(list(rows.values())),
                lengths=[len(row) for row in rows.values()],
            )
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(self._folder / f"{name}.npz")


def _progress(label: str, number: int, total: int) -> None:
    """One line that rewrites itself, only where a person is looking."""
    if sys.stderr.isatty() and (number == total or number % 20 == 0):
        end = "\n" if number == total else ""
        bar = "█" * (30 * number // total)
        sys.stderr.write(f"\r{label:>12} {bar:30} {number:,}/{total:,}{end}")
        sys.stderr.flush()
