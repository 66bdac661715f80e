"""How long a check takes: read (decode, detect, quality, align, embed) and compare, on one thread."""

import io
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.face.align import align
from ml.face.image import decode
from ml.face.pipeline import FaceEngine
from ml.face.quality import LIMITS, Purpose

SIZE = (640, 480)
BIG = (4_000, 3_000)  # a telephone's 12 megapixels
REFERENCES = 5


@dataclass(frozen=True)
class Speed:
    """Milliseconds by the wall clock, one thread, all pictures interleaved; cpu_p50_ms is the thread's own time,
    which other work on the machine moves less."""

    picture: str
    pictures: int
    runs: int
    load_ms: float
    p50_ms: float
    p95_ms: float
    cpu_p50_ms: float
    stages_p50_ms: dict[str, float]
    stages_p95_ms: dict[str, float]
    compare_ms: float  # a probe against five references, median
    threads: int
    rss_mb: float  # high-water mark of this process


def measure_speed(images: list[Path], runs: int, *, size: tuple[int, int] = SIZE, threads: int = 1) -> Speed:
    """Each picture is first made a JPEG of `size` (quality 90, the shorter way cropped, centre kept a little
    high, where faces are)."""
    began = time.perf_counter()
    engine = FaceEngine.load(threads=threads)
    load_ms = (time.perf_counter() - began) * 1e3
    pictures = [as_camera_frame(path, size) for path in images]
    reference = [engine.read(picture).embedding for picture in pictures]
    total: list[float] = []
    cpu: list[float] = []
    stages: dict[str, list[float]] = {"decode": [], "detect": [], "align": [], "embed": []}
    for _ in range(runs):
        for picture, template in zip(pictures, reference, strict=True):
            start, start_cpu = time.perf_counter(), time.thread_time()
            engine.compare(engine.read(picture), [template])
            total.append((time.perf_counter() - start) * 1e3)
            cpu.append((time.thread_time() - start_cpu) * 1e3)
            _time_stages(engine, picture, stages)
    return Speed(
        picture=f"{size[0]}x{size[1]} JPEG",
        pictures=len(pictures),
        runs=runs,
        load_ms=round(load_ms, 1),
        p50_ms=round(float(np.percentile(total, 50)), 1),
        p95_ms=round(float(np.percentile(total, 95)), 1),
        cpu_p50_ms=round(float(np.percentile(cpu, 50)), 1),
        stages_p50_ms={name: round(float(np.percentile(times, 50)), 2) for name, times in stages.items()},
        stages_p95_ms={name: round(float(np.percentile(times, 95)), 2) for name, times in stages.items()},
        compare_ms=round(_compare_ms(engine, reference[0]), 4),
        threads=threads,
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )


def as_camera_frame(path: Path, size: tuple[int, int] = SIZE) -> bytes:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = max(size[0] / image.width, size[1] / image.height)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 4
    out = io.BytesIO()
    image.crop((left, top, left + size[0], top + size[1])).save(out, "JPEG", quality=90)
    return out.getvalue()


def _compare_ms(engine: FaceEngine, template: NDArray[np.float32]) -> float:
    times = []
    for _ in range(200):
        began = time.perf_counter()
        engine.compare(template, [template] * REFERENCES)
        times.append((time.perf_counter() - began) * 1e3)
    return float(np.median(times))


def _time_stages(engine: FaceEngine, picture: bytes, stages: dict[str, list[float]]) -> None:
    marks = [time.perf_counter()]
    image = decode(picture)
    marks.append(time.perf_counter())
    face = engine.detector.faces(image, other_side=LIMITS[Purpose.VERIFY].other_face_side)[0]
    marks.append(time.perf_counter())
    crop = align(image, face.landmarks)
    marks.append(time.perf_counter())
    engine.embedder.embed(crop)
    marks.append(time.perf_counter())
    for name, start, end in zip(stages, marks, marks[1:], strict=False):
        stages[name].append((end - start) * 1e3)
