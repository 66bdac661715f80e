"""Stand-ins for what lies outside: time that tests move, hashes without work, faces known by their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from backend.errors import Refusal
from backend.faces.ports import Probe, Purpose, Similarity

if TYPE_CHECKING:
    from backend.adapters.face_engine import OnnxFaceEngine


class MovedClock:
    """Starts at the real time and moves only when told."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@cache
def real_engine() -> OnnxFaceEngine:
    from backend.adapters.face_engine import OnnxFaceEngine  # a node of a proof starts without ONNX Runtime

    return OnnxFaceEngine.load(parallel_max=2)


class QuickHasher:
    """PINs and passwords as they are: argon2 costs a test of something else 35 ms each time."""

    def hash_pin(self, shopper_id: str, pin: str) -> tuple[str, int]:
        return f"quick:{shopper_id}:{pin}", 1

    def pin_matches(self, pin_hash: str, pepper_version: int, shopper_id: str, pin: str) -> bool:
        return (pin_hash, pepper_version) == self.hash_pin(shopper_id, pin)

    def hash_password(self, password: str) -> str:
        return f"quick:{password}"

    def password_matches(self, password_hash: str | None, password: str) -> bool:
        return password_hash == self.hash_password(password)


class NamedFaces:
    """Pictures are b"face of NAME, take N"; whatever begins otherwise is shown to the real engine."""

    def __init__(self, model: str = "named-faces-1") -> None:
        self.model = (
            model  # templates are alike in every version: were they compared across, they would match
        )

    def read(self, picture: bytes, purpose: Purpose) -> Probe:
        if not picture.startswith(b"face of "):
            real_engine().read(picture, purpose)  # refuses as it does in the shop
            raise Refusal("no_face")
        name = picture.split(b",")[0]
        seed = int.from_bytes(hashlib.sha256(name).digest()[:8], "little")
        vector = np.random.default_rng(seed).normal(size=128).astype("<f4")
        return Probe((vector / np.linalg.norm(vector)).tobytes(), self.model, {"purpose": str(purpose)})

    def compare(self, probe: Probe, references: Sequence[bytes]) -> Similarity:
        matched = probe.embedding in references
        reasons = ("match",) if matched else ("below_threshold",)
        return Similarity(0.99 if matched else 0.0001, matched, reasons, self.model)
