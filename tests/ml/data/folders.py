"""Folders of people for these tests, made of the two portraits' variants, small so that detection is quick."""

import io
import os
import shutil
import tarfile
from functools import cache
from pathlib import Path

from PIL import Image

from backend.operations.portraits import variants
from tests.ml.pictures import COLLINS, HOPPER, encoded

SIDE_PX = 200
ROOT = Path(__file__).parents[3]


@cache
def shots(name: str) -> tuple[bytes, ...]:
    """Eight JPEGs of one face, no two of them near-duplicates of each other."""
    return tuple(encoded(_resized(shot, SIDE_PX)) for shot in variants(name))


def tight(shot: bytes, side_px: int, form: str = "JPEG") -> bytes:
    """The middle of a shot, side_px square."""
    with Image.open(io.BytesIO(shot)) as opened:
        width, height = opened.size
        box = (width // 5, height // 10, width * 4 // 5, height * 7 // 10)
        return encoded(opened.convert("RGB").crop(box).resize((side_px, side_px)), form)


def put(folder: Path, **files: bytes) -> Path:
    """Keyword `a__b` becomes the file a/b.jpg."""
    for name, content in files.items():
        path = folder / (name.replace("__", "/") + ".jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def two_people(folder: Path) -> Path:
    """Eileen_Collins and Grace_Hopper, four pictures each."""
    for person, name in (("Eileen_Collins", COLLINS), ("Grace_Hopper", HOPPER)):
        put(folder, **{f"{person}__{number}": shot for number, shot in enumerate(shots(name)[:4])})
    return folder


def packed(folder: Path, tar: Path) -> Path:
    with tarfile.open(tar, "w", format=tarfile.USTAR_FORMAT) as out:
        out.add(folder, arcname=folder.name)
    return tar


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything in it, by name relative to it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _resized(shot: bytes, side_px: int) -> Image.Image:
    with Image.open(io.BytesIO(shot)) as opened:
        image = opened.convert("RGB")
    return image.resize((side_px, round(image.height * side_px / image.width)), Image.Resampling.LANCZOS)
