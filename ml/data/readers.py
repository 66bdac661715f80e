"""A source (folder or plain tar) → the pictures of one set, each with its person and what its name tells.

The sets that docs/face/data.md lists are told apart by their shape or named by the caller: NAME=PATH. Any other
folder of people (one folder a person, named as the person) is read as such.
"""

import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from ml.data.files import DataUnusable
from ml.data.splits import plain
from ml.face.header import Format, Header, read_header
from ml.face.reasons import PictureRefused

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LOOKED_AT = 24  # pictures whose size tells the set
UTKFACE_NAME = re.compile(r"(?P<age>\d{1,3})_(?P<gender>[01])_(?:(?P<group>[0-4])_)?\d{8,}")
LFW_NAME = re.compile(r"(?P<person>.+)_\d{4}$")


@dataclass(frozen=True, slots=True)
class Reader:
    """What is special about a set. scale_to_px: tight crops are enlarged to this; pad_px: then given an edge
    this wide, so that the detector sees a face with something around it."""

    name: str
    test_only: bool = False
    unlabelled: bool = False
    scale_to_px: int = 0
    pad_px: int = 0


PEOPLE = Reader("people")
UNLABELLED = Reader("unlabelled", unlabelled=True)
PINS = Reader("pins")
BOLLYWOOD = Reader("bollywood64", scale_to_px=160, pad_px=48)
GLINT = Reader("glint24", pad_px=24)
UTKFACE = Reader("utkface", unlabelled=True)
LFW = Reader("lfw", test_only=True)
READERS = {r.name: r for r in (PEOPLE, UNLABELLED, PINS, BOLLYWOOD, GLINT, UTKFACE, LFW)}


@dataclass(frozen=True, slots=True)
class Picture:
    """One file, or `size` bytes from `offset` on of a tar. name: its path inside the source; person: a plain
    name, empty where unknown; age, gender, group: as the file name tells (UTKFace), else empty."""

    name: str
    file: Path
    person: str = ""
    offset: int = 0
    size: int = -1
    age: str = ""
    gender: str = ""
    group: str = ""

    def read(self) -> bytes:
        with self.file.open("rb") as opened:
            opened.seek(self.offset)
            return opened.read(self.size)


@dataclass(frozen=True, slots=True)
class SourceSet:
    name: str
    reader: Reader
    pictures: tuple[Picture, ...]

    @property
    def people(self) -> frozenset[str]:
        return frozenset(picture.person for picture in self.pictures if picture.person)


def open_sources(sources: Sequence[str]) -> list[SourceSet]:
    sets = [open_source(source) for source in sources]
    names = [one.name for one in sets]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise DataUnusable(f"{sources[index]}: a second source called {name}; name it NAME=PATH.")
    return sets


def open_source(source: str) -> SourceSet:
    """source: PATH or NAME=PATH, where NAME is a reader of this module or a name of one's own. Raises
    DataUnusable for an absent path, one without pictures, one without people."""
    name, path = _named(source)
    pictures = _listed(path)
    if not pictures:
        raise DataUnusable(f"{path} holds no pictures ({', '.join(SUFFIXES)}).")
    reader = READERS.get(name) or recognise(pictures)
    if not reader.unlabelled:
        pictures = [_with_person(p) for p in pictures if "/" in p.name]
        if not pictures:
            raise DataUnusable(
                f"{path} holds no folder of a person; write unlabelled={path} to use its pictures without people."
            )
    else:
        pictures = [_with_facts(p) for p in pictures]
    return SourceSet(name or _set_name(reader, path), reader, tuple(pictures))


def recognise(pictures: Sequence[Picture]) -> Reader:
    """The set by its shape, from names and from the sizes of a few pictures:
    folders pins_…: pins; AGE_GENDER_GROUP_DATE names: utkface; all 64 x 64: bollywood64; all 112 x 112 PNG:
    glint24; NAME/NAME_0001 at 250 x 250: lfw, hence test-only; else people."""
    if any(PurePosixPath(p.name).parent.name.startswith("pins_") for p in pictures):
        return PINS
    if np.mean([_utkface(p) is not None for p in pictures]) > 0.9:
        return UTKFACE
    chosen = [
        pictures[i] for i in np.linspace(0, len(pictures) - 1, min(LOOKED_AT, len(pictures))).astype(int)
    ]
    headers = [header for header in map(_header, chosen) if header]
    sizes = {(header.width, header.height) for header in headers}
    if sizes == {(64, 64)}:
        return BOLLYWOOD
    if sizes == {(112, 112)} and all(header.format is Format.PNG for header in headers):
        return GLINT
    if sizes == {(250, 250)} and all(_lfw_named(p) for p in chosen):
        return LFW
    return PEOPLE


def _named(source: str) -> tuple[str, Path]:
    found = re.fullmatch(r"([A-Za-z0-9_-]+)=(.+)", source, re.DOTALL)
    if found and not Path(source).exists():
        return found[1], Path(found[2])
    return "", Path(source)


def _set_name(reader: Reader, path: Path) -> str:
    if reader not in (PEOPLE, UNLABELLED):
        return reader.name
    return re.sub(r"[^a-z0-9]+", "-", path.resolve().stem.lower()).strip("-") or reader.name


def _listed(path: Path) -> list[Picture]:
    """Sorted by name; what starts with a dot does not count."""
    try:
        if path.is_dir():
            files = [f for f in path.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file()]
            pictures = [Picture(f.relative_to(path).as_posix(), f) for f in files]
        elif path.is_file():
            with tarfile.open(path, "r:") as tar:
                pictures = [
                    Picture(member.name.removeprefix("./"), path, offset=member.offset_data, size=member.size)
                    for member in tar
                    if member.isreg() and PurePosixPath(member.name).suffix.lower() in SUFFIXES
                ]
        else:
            raise DataUnusable(f"{path}: no such folder or tar file.")
    except tarfile.TarError as error:
        raise DataUnusable(f"{path} is neither a folder nor a plain tar file ({error}).") from error
    except OSError as error:
        raise DataUnusable(f"{error.filename or path} cannot be read: {error.strerror}.") from error
    seen = [p for p in pictures if not any(part.startswith(".") for part in p.name.split("/"))]
    return sorted(seen, key=lambda p: p.name)


def _with_person(picture: Picture) -> Picture:
    person = plain(PurePosixPath(picture.name).parent.name)
    return Picture(picture.name, picture.file, person, picture.offset, picture.size)


def _with_facts(picture: Picture) -> Picture:
    found = _utkface(picture)
    if not found:
        return picture
    age, gender, group = (found[key] or "" for key in ("age", "gender", "group"))
    return Picture(picture.name, picture.file, "", picture.offset, picture.size, age, gender, group)


def _utkface(picture: Picture) -> re.Match[str] | None:
    return UTKFACE_NAME.match(PurePosixPath(picture.name).name)


def _lfw_named(picture: Picture) -> bool:
    path = PurePosixPath(picture.name)
    found = LFW_NAME.fullmatch(path.stem)
    return bool(found and found["person"] == path.parent.name)


def _header(picture: Picture) -> Header | None:
    try:
        return read_header(picture.read())
    except (OSError, PictureRefused):
        return None
