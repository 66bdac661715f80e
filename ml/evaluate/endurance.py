"""What a worker that serves all day costs: memory, its growth, start, size on disk; do threads mix faces?

Memory is this process's resident set (Linux: /proc/self/statm). Searching is what naming one of N people would take:
one probe against N templates in memory, float32.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import sysconf
from pathlib import Path

import numpy as np

from ml.face.embed import DIMENSIONS
from ml.face.manifest import MODELS, ROLES, Manifest
from ml.face.pipeline import FaceEngine

WARM = 200  # reads until every buffer has been needed once
THREADS = 8
SEARCHED = (10_000, 200_000)
SEARCH_RUNS = 30


@dataclass(frozen=True)
class Endurance:
    verifies: int
    load_s: float
    rss_mb: float
    growth_mb: float
    weights_mb: float
    threads_agree: bool
    search_ms: tuple[float, ...]  # of SEARCHED templates, median
    parity: (
        float  # largest difference of an embedder's number, ONNX against PyTorch, as the export measured it
    )


def endure(pictures: Sequence[bytes], verifies: int, models: Path = MODELS) -> Endurance:
    """verifies: reads and comparisons after WARM ones."""
    began = time.perf_counter()
    engine = FaceEngine.load(models)
    load_s = time.perf_counter() - began
    reference = engine.read(pictures[0]).embedding
    _verify(engine, pictures, reference, WARM)
    before = _rss_mb()
    _verify(engine, pictures, reference, verifies)
    manifest = Manifest.read(models)
    return Endurance(
        verifies=verifies,
        load_s=round(load_s, 2),
        rss_mb=round(_rss_mb(), 1),
        growth_mb=round(max(0.0, _rss_mb() - before), 2),
        weights_mb=round(sum((models / manifest.files[role]).stat().st_size for role in ROLES) / 1e6, 2),
        threads_agree=threads_agree(engine, pictures),
        search_ms=tuple(_search_ms(count) for count in SEARCHED),
        parity=manifest.parity,
    )


def _verify(engine: FaceEngine, pictures: Sequence[bytes], reference: np.ndarray, times: int) -> None:
    for number in range(times):
        engine.compare(engine.read(pictures[number % len(pictures)]), [reference])


def threads_agree(engine: FaceEngine, pictures: Sequence[bytes]) -> bool:
    """Whether THREADS threads at once give the embeddings of one, bit for bit."""
    alone = [engine.read(picture).embedding for picture in pictures]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda picture: engine.read(picture).embedding, list(pictures) * THREADS))
    return all(np.array_equal(alone[i % len(pictures)], found) for i, found in enumerate(together))


def _search_ms(count: int) -> float:
    rng = np.random.default_rng(7)
    templates = rng.normal(size=(count, DIMENSIONS)).astype(np.float32)
    probe = templates[count // 2].copy()
    times = []
    for _ in range(SEARCH_RUNS):
        began = time.perf_counter()
        found = int((templates @ probe).argmax())
        times.append((time.perf_counter() - began) * 1e3)
    assert found == count // 2
    return round(float(np.median(times)), 3)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * sysconf("SC_PAGE_SIZE") / 1e6
