"""A folder of people → the same folder with masks on: how the paper's masked LFW is made from LFW."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.data.files import DataUnusable, make_folder, write_atomically, write_text
from ml.data.masks import MeshUnusable, Recipe, draw_mask
from ml.data.readers import SUFFIXES
from ml.data.workers import Progress, unseen
from ml.face.image import decode
from ml.face.reasons import PictureRefused

QUALITY = 95
FindMesh = Callable[[NDArray[np.uint8]], NDArray[np.floating] | None]


@dataclass(frozen=True, slots=True)
class Masking:
    images: Path
    out: Path
    recipe: Recipe = "train"
    seed: int = 7


def mask_folder(run: Masking, find_mesh: FindMesh, progress: Progress = unseen) -> dict[str, Any]:
    """Every picture under `images` with a mask, as JPEG at the same place under `out` (a .png becomes .png.jpg).
    Pictures without a face are left out and named in out/report.json, which is written last. find_mesh: upright
    pixels → (468, 2) px of the face the picture is of, or None. What is drawn on a picture depends on the seed
    and its name, not on its neighbours. Raises DataUnusable."""
    names = _pictures(run.images)
    _make_empty(run.out, run.images)
    unreadable: dict[str, str] = {}
    undetected: list[str] = []
    for name in progress(names, total=len(names), label="masks"):
        try:
            masked = masked_picture((run.images / name).read_bytes(), name, run.recipe, run.seed, find_mesh)
        except PictureRefused as refusal:
            unreadable[name] = refusal.reason.value
        except OSError as error:
            unreadable[name] = error.strerror or "cannot be read"
        else:
            if masked is None:
                undetected.append(name)
            else:
                _write(run.out / masked_name(name), masked)
    report = {
        "images": run.images.name,
        "recipe": run.recipe,
        "seed": run.seed,
        "read": len(names),
        "drawn": len(names) - len(undetected) - len(unreadable),
        "undetected": undetected,
        "unreadable": unreadable,
    }
    write_text(run.out / "report.json", json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    if not report["drawn"]:
        raise DataUnusable(f"{run.images}: no mask could be drawn; {run.out / 'report.json'} says why.")
    return report


def masked_picture(picture: bytes, name: str, recipe: Recipe, seed: int, find_mesh: FindMesh) -> bytes | None:
    """A JPEG of the picture with a mask, or None where no face carries one. Raises PictureRefused."""
    image = decode(picture)
    mesh = find_mesh(image)
    if mesh is None:
        return None
    try:
        masked = draw_mask(image, mesh, generator(name, seed), recipe)
    except MeshUnusable:
        return None
    out = io.BytesIO()
    Image.fromarray(masked).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def generator(name: str, seed: int) -> np.random.Generator:
    """The same for the same picture of the same seed, wherever and after whatever it is drawn."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def masked_name(name: str) -> str:
    return name if name.lower().endswith((".jpg", ".jpeg")) else name + ".jpg"


def _pictures(images: Path) -> list[str]:
    if not images.is_dir():
        raise DataUnusable(f"{images} is not a folder.")
    found = sorted(path for path in images.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not found:
        raise DataUnusable(f"{images} holds no pictures ({', '.join(SUFFIXES)}).")
    return [path.relative_to(images).as_posix() for path in found]


def _make_empty(out: Path, images: Path) -> None:
    if out.resolve().is_relative_to(images.resolve()):
        raise DataUnusable(f"{out} lies inside {images}: masked pictures would be taken for plain ones.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataUnusable(f"{out} is not an empty folder: two masks of one picture would mix.")
    make_folder(out)


def _write(path: Path, picture: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataUnusable(f"{path.parent} cannot be made: {error.strerror or error}.") from error
    write_atomically(path, lambda out: out.write(picture))
