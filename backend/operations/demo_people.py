"""Whose faces the demonstration shows: two public-domain portraits, or the pictures of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.adapters.face_engine import OnnxFaceEngine
from backend.errors import Refusal, SettingsRefused
from backend.faces.ports import FaceEngine, Purpose
from backend.faces.verify import FRAMES_MAX, verify
from backend.operations import portraits

ENROLLED = 3
PICTURES_MIN = 4
PICTURES_MAX = 12  # of one person; more would only take longer
PEOPLE_MAX = 10
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class FacesRefused(SettingsRefused):
    """The folder of `--faces` cannot be used; the reason names what is missing."""

    def __init__(self, reason: str) -> None:
        super().__init__([f"--faces: {reason}"])


@dataclass(frozen=True, slots=True)
class People:
    """The shopper enrols with the first pictures and pays with the others; the impostor never enrolled."""

    shopper: str
    enrolment: tuple[bytes, ...]
    live: tuple[bytes, ...]
    impostor: str
    impostor_live: tuple[bytes, ...]
    note: str


def from_portraits() -> People:
    collins, hopper = portraits.variants("eileen_collins"), portraits.variants("grace_hopper")
    return People(
        shopper="Eileen Collins",
        enrolment=tuple(collins[:ENROLLED]),
        live=tuple(collins[ENROLLED:]),
        impostor="Grace Hopper",
        impostor_live=tuple(hopper),
        note="One portrait a person; its variants (crop, light, JPEG, ±8°) stand in for several pictures.",
    )


def from_folder(folder: Path) -> People:
    """One sub-folder a person. Shopper is the first whom the model recognises; who was passed over is noted.

    Raises FacesRefused unless two people have four pictures or more, and one of them three fit to be enrolled.
    """
    enough = {name: pictures for name, pictures in people_in(folder) if len(pictures) >= PICTURES_MIN}
    if len(enough) < 2:
        raise FacesRefused(
            f"{folder} holds {len(enough)} people with {PICTURES_MIN} pictures or more; two are needed"
        )
    faces = OnnxFaceEngine.load(parallel_max=1)
    candidates = [
        candidate
        for name, pictures in list(enough.items())[:PEOPLE_MAX]
        if (candidate := Candidate.of(faces, name, pictures)) is not None
    ]
    if not candidates:
        raise FacesRefused(f"nobody in {folder} has {ENROLLED} pictures fit to enrol and one more")
    shopper = next((one for one in candidates if one.recognised), candidates[0])
    passed_over = [one.name for one in candidates[: candidates.index(shopper)]]
    impostor = next(name for name in enough if name != shopper.name)
    note = f"Pictures of {shopper.name} and {impostor} from {folder}."
    if passed_over:
        note += f" Not recognised and passed over: {', '.join(passed_over)}."
    return People(
        shopper=shopper.name,
        enrolment=shopper.enrolment,
        live=shopper.live,
        impostor=impostor,
        impostor_live=fit(faces, enough[impostor], Purpose.VERIFY)[:FRAMES_MAX],
        note=note,
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    name: str
    enrolment: tuple[bytes, ...]
    live: tuple[bytes, ...]
    recognised: bool

    @staticmethod
    def of(faces: FaceEngine, name: str, pictures: list[bytes]) -> Candidate | None:
        """None without three pictures fit to enrol and one more that is fit to be compared."""
        good = fit(faces, pictures, Purpose.ENROL)
        enrolment = good[: max(ENROLLED, len(good) - 2)]
        live = fit(faces, [p for p in pictures if p not in enrolment], Purpose.VERIFY)[:FRAMES_MAX]
        if len(enrolment) < ENROLLED or not live:
            return None
        references = [faces.read(picture, Purpose.ENROL).embedding for picture in enrolment]
        return Candidate(name, enrolment, live, verify(live, faces=faces, references=references).matched)


def people_in(folder: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Name and pictures of each sub-folder, by name. Raises FacesRefused."""
    if not folder.is_dir():
        raise FacesRefused(f"{folder} is no folder; give one with a folder of pictures for each person")
    for person in sorted(folder.iterdir()):
        if person.is_dir():
            yield person.name, [picture.read_bytes() for picture in pictures_of(person)]


def pictures_of(person: Path) -> list[Path]:
    return sorted(path for path in person.iterdir() if path.suffix.lower() in SUFFIXES)[:PICTURES_MAX]


def fit(faces: FaceEngine, pictures: list[bytes], purpose: Purpose) -> tuple[bytes, ...]:
    """Those that pass the quality gate."""
    return tuple(picture for picture in pictures if usable(faces, picture, purpose))


def usable(faces: FaceEngine, picture: bytes, purpose: Purpose) -> bool:
    try:
        faces.read(picture, purpose)
    except Refusal:
        return False
    return True
