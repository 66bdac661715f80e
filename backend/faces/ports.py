"""What the faces room asks of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Purpose(StrEnum):
    ENROL = "enrol"  # stricter: a template is compared with for years
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Probe:
    """What was read from one picture; `embedding` is 128 little-endian float32, unit length, as bytes."""

    embedding: bytes = field(repr=False)
    model: str
    quality: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Similarity:
    probability: float  # 0..1, 0.5 at the threshold
    matched: bool
    reasons: tuple[str, ...]
    model: str


class FaceEngine(Protocol):
    """Slow: never called while rows are locked."""

    @property
    def model(self) -> str: ...

    def read(self, picture: bytes, purpose: Purpose) -> Probe:
        """Raises Refusal (`picture_…`, `face_…`) when the picture cannot be used, saying what to change."""
        ...

    def compare(self, probe: Probe, references: Sequence[bytes]) -> Similarity: ...


class KeyWrap(Protocol):
    """Wraps the per-shopper key under the key-encryption key (file, environment or KMS)."""

    @property
    def kek_id(self) -> str: ...

    def wrap(self, shopper_id: str, key: bytes) -> bytes: ...

    def unwrap(self, shopper_id: str, kek_id: str, wrapped: bytes) -> bytes: ...
