"""How long a check takes: read (decode, detect, quality, align, embed) and compare, on one thread."""

import io
import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ml.face.align import align
from ml.face.image import decode
from ml.face.pipeline import FaceEngine

SIZE = (640, 480)


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
    rss_mb: float  # high-water mark of this process


def measure_speed(images: list[Path], runs: int) -> Speed:
    """Each picture is first made a 640 x 480 JPEG (quality 90, the shorter way cropped, centre kept a little
    high, where faces are)."""
    began = time.perf_counter()
    engine = FaceEngine.load()
    load_ms = (time.perf_counter() - began) * 1e3
    pictures = [as_camera_frame(path) for path in images]
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
        picture=f"{SIZE[0]}x{SIZE[1]} JPEG",
        pictures=len(pictures),
        runs=runs,
        load_ms=round(load_ms, 1),
        p50_ms=round(float(np.percentile(total, 50)), 1),
        p95_ms=round(float(np.percentile(total, 95)), 1),
        cpu_p50_ms=round(float(np.percentile(cpu, 50)), 1),
        stages_p50_ms={name: round(float(np.percentile(times, 50)), 1) for name, times in stages.items()},
        rss_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    )


def as_camera_frame(path: Path) -> bytes:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = max(SIZE[0] / image.width, SIZE[1] / image.height)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (image.width - SIZE[0]) // 2, (image.height - SIZE[1]) // 4
    out = io.BytesIO()
    image.crop((left, top, left + SIZE[0], top + SIZE[1])).save(out, "JPEG", quality=90)
    return out.getvalue()


def _time_stages(engine: FaceEngine, picture: bytes, stages: dict[str, list[float]]) -> None:
    marks = [time.perf_counter()]
    image = decode(picture)
    marks.append(time.perf_counter())
    face = engine.detector.faces(image)[0]
    marks.append(time.perf_counter())
    crop = align(image, face.landmarks)
    marks.append(time.perf_counter())
    engine.embedder.embed(crop)
    marks.append(time.perf_counter())
    for name, start, end in zip(stages, marks, marks[1:], strict=False):
        stages[name].append((end - start) * 1e3)
