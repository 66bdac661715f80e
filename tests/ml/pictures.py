"""Pictures for these tests: the two portraits, and what can be made of them."""

import io

import numpy as np
from PIL import Image

from backend.operations.portraits import FILES, portrait

PORTRAITS = tuple(FILES)
COLLINS, HOPPER = PORTRAITS


def image(name: str) -> Image.Image:
    return Image.open(io.BytesIO(portrait(name))).convert("RGB")


def pixels(name: str) -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    return np.asarray(image(name))


def encoded(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def wall(width: int = 640, height: int = 480) -> Image.Image:
    """A picture without a face: a lit wall with a window."""
    light = np.linspace(80, 200, width)[None, :] * np.linspace(1, 0.7, height)[:, None]
    grey = light.astype(np.uint8)
    grey[height // 4 : height // 2, width // 3 : width // 2] = 230
    return Image.fromarray(grey).convert("RGB")


def side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + right.width, max(left.height, right.height)), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


def on_canvas(picture: Image.Image, share: float, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """The picture small, in the middle of a grey canvas, `share` of its height."""
    canvas = Image.new("RGB", size, (150, 150, 150))
    height = round(size[1] * share)
    small = picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS)
    canvas.paste(small, ((size[0] - small.width) // 2, (size[1] - height) // 2))
    return canvas


def mesh_input(name: str) -> np.ndarray:
    """A square of the portrait that holds the face, as the mesh net takes it: (1, 3, 192, 192)."""
    left, top, right, bottom = {COLLINS: (130, 10, 330, 210), HOPPER: (130, 90, 410, 370)}[name]
    square = image(name).crop((left, top, right, bottom)).resize((192, 192), Image.Resampling.BICUBIC)
    return np.asarray(square, np.float32).transpose(2, 0, 1)[None]
