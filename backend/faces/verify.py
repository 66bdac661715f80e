"""Is it the enrolled person? Outside any transaction: the models are slow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.errors import Refusal
from backend.faces.ports import FaceEngine, Probe, Purpose, Similarity

FRAMES_MAX = 5


@dataclass(frozen=True, slots=True)
class FaceResult:
    matched: bool
    similarity: float  # 0..1, 0.5 at the threshold; of the best frame
    reasons: tuple[str, ...]
    model: str

    @property
    def probability_pct(self) -> int:
        return round(self.similarity * 100)


def verify(frames: Sequence[bytes], *, faces: FaceEngine, references: Sequence[bytes]) -> FaceResult:
    """Raises Refusal frames_count, face_not_enrolled, or as `usable`."""
    demand_count(frames)
    if not references:
        raise Refusal("face_not_enrolled")
    return best_of(usable(frames, faces=faces), faces=faces, references=references)


def demand_count(frames: Sequence[bytes]) -> None:
    """Raises Refusal frames_count."""
    if not 1 <= len(frames) <= FRAMES_MAX:
        raise Refusal("frames_count", limit=FRAMES_MAX)


def usable(frames: Sequence[bytes], *, faces: FaceEngine) -> list[Probe]:
    """What was read from the frames; those of poor quality are passed over while another is good.

    Raises the Refusal of a frame: any broken picture, any frame with several faces, or the first if none can be
    used.
    """
    probes, poor = [], []
    for frame in frames:
        try:
            probes.append(faces.read(frame, Purpose.VERIFY))
        except Refusal as refusal:
            if not may_be_passed_over(refusal.code):
                raise
            poor.append(refusal)
    if not probes:
        raise poor[0]
    return probes


def may_be_passed_over(code: str) -> bool:
    """Blur and the like happen in a burst; a second person or a broken file does not happen by itself."""
    return code == "no_face" or code.startswith("face_")


def best_of(probes: Sequence[Probe], *, faces: FaceEngine, references: Sequence[bytes]) -> FaceResult:
    """The best frame decides."""
    return result_of(max((faces.compare(probe, references) for probe in probes), key=lambda s: s.probability))


def result_of(similarity: Similarity) -> FaceResult:
    return FaceResult(similarity.matched, similarity.probability, similarity.reasons, similarity.model)
