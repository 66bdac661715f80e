"""Shoppers with consent and templates, through the rooms' own ways in."""

from __future__ import annotations

from backend.adapters.key_wrap import FileKeyWrap
from backend.faces.enrol import Enrolled, enrol
from backend.identity import consents
from tests.backend.identity.people import IDS, NOW, a_shopper
from tests.fakes import NamedFaces

KEY_WRAP = FileKeyWrap(b"k" * 32)
FACES = NamedFaces()


def consent(run, shopper_id: str) -> None:
    sha256 = consents.text_sha256("en")
    run(
        lambda tx: consents.give(
            tx, shopper_id, version=consents.FACE_VERSION, language="en", sha256=sha256, now=NOW, ids=IDS
        )
    )


def take(run, keys, shopper_id: str, picture: bytes = b"face of Amal, take 1") -> Enrolled:
    return take_with(FACES, run, keys, shopper_id, picture)


def take_with(faces: NamedFaces, run, keys, shopper_id: str, picture: bytes) -> Enrolled:
    return enrol(shopper_id, picture, run=run, keys=keys, key_wrap=KEY_WRAP, faces=faces, ids=IDS, now=NOW)


def an_enrolled_shopper(run, keys, *, name: str = "Amal", templates: int = 3) -> str:
    shopper_id = a_shopper(run)
    consent(run, shopper_id)
    for number in range(templates):
        take(run, keys, shopper_id, f"face of {name}, take {number}".encode())
    return shopper_id
