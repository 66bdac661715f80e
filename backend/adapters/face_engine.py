"""The one door from the shop to the face models."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from backend.errors import Refusal
from backend.faces.ports import Probe, Purpose, Similarity
from ml.face.compare import Decision
from ml.face.manifest import MODELS
from ml.face.pipeline import FMR, FaceEngine
from ml.face.quality import Purpose as EnginePurpose
from ml.face.reasons import PictureRefused

WAIT_S_MAX = 2.0
RETRY_AFTER_S = 2
LITTLE_ENDIAN_FLOAT32 = np.dtype("<f4")


class OnnxFaceEngine:
    """Implements `backend.faces.ports.FaceEngine`; at most `parallel_max` pictures are worked on at once."""

    def __init__(self, engine: FaceEngine, *, parallel_max: int) -> None:
        self._engine = engine
        self._slots = threading.BoundedSemaphore(parallel_max)

    @classmethod
    def load(cls, *, parallel_max: int, fmr: float = FMR, models: Path = MODELS) -> OnnxFaceEngine:
        return cls(FaceEngine.load(models, fmr=fmr), parallel_max=parallel_max)

    @property
    def model(self) -> str:
        return self._engine.model_version

    def read(self, picture: bytes, purpose: Purpose) -> Probe:
        """Raises Refusal with the engine's reason as code and its advice in both languages, or faces_busy."""
        with self._slot():
            try:
                read = self._engine.read(picture, EnginePurpose(purpose.value))
            except PictureRefused as refused:
                english, arabic = refused.advice
                advice = {"en": english, "ar": arabic}
                raise Refusal(refused.reason.value, advice=advice, **refused.facts) from None
        quality = {name: round(float(value), 3) for name, value in asdict(read.quality).items()}
        return Probe(read.embedding.astype(LITTLE_ENDIAN_FLOAT32).tobytes(), self.model, quality)

    def compare(self, probe: Probe, references: Sequence[bytes]) -> Similarity:
        assert probe.model == self.model, "probe and references are of one model"
        found = self._engine.compare(vector(probe.embedding), [vector(each) for each in references])
        return Similarity(
            probability=found.probability,
            matched=found.decision is Decision.MATCH,
            reasons=tuple(reason.value for reason in found.reasons),
            model=found.model,
        )

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=WAIT_S_MAX):
            raise Refusal("faces_busy", retry_after_s=RETRY_AFTER_S)
        try:
            yield
        finally:
            self._slots.release()


def vector(embedding: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(embedding, dtype=LITTLE_ENDIAN_FLOAT32).astype(np.float32)
