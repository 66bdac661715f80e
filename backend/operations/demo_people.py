"""Whose faces the demonstration shows: two public-domain portraits, or the pictures of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backend.operations import portraits

ENROLLED = 3
PICTURES_MIN = 4
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class FacesRefused(Exception):
    """The folder cannot be used; the message names what is missing."""


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
    """One sub-folder a person. Raises FacesRefused unless two people have four pictures or more."""
    if not folder.is_dir():
        raise FacesRefused(f"{folder} is no folder; give one with a folder of pictures for each person")
    people = {
        person.name: sorted(p for p in person.iterdir() if p.suffix.lower() in SUFFIXES)
        for person in sorted(folder.iterdir())
        if person.is_dir()
    }
    enough = [(name, pictures) for name, pictures in people.items() if len(pictures) >= PICTURES_MIN]
    if len(enough) < 2:
        raise FacesRefused(
            f"{folder} holds {len(enough)} people with {PICTURES_MIN} pictures or more; two are needed"
        )
    (shopper, own), (impostor, foreign) = enough[:2]
    return People(
        shopper=shopper,
        enrolment=tuple(p.read_bytes() for p in own[:-1]),
        live=(own[-1].read_bytes(),),
        impostor=impostor,
        impostor_live=tuple(p.read_bytes() for p in foreign[:5]),
        note=f"Pictures of {shopper} and {impostor} from {folder}.",
    )
