"""Two public-domain portraits, and stated, deterministic variants of them that stand in for several pictures.

A variant is not another picture: same pose, same second. It shows that the road works, not how well faces are
told apart; the demo says so, and `--faces DIR` replaces them by real pictures. Sources: portraits/SOURCES.md.
"""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance

FOLDER = Path(__file__).parent / "portraits"
FILES = {"eileen_collins": "eileen_collins.png", "grace_hopper": "grace_hopper.jpg"}


@dataclass(frozen=True, slots=True)
class Variant:
    """crop: left, top, right, bottom as shares of the portrait; turn_deg: counter-clockwise; light and
    contrast: 1 leaves the portrait as it is; quality: JPEG."""

    crop: tuple[float, float, float, float]
    turn_deg: float
    light: float
    contrast: float
    quality: int


VARIANTS = (
    Variant((0.00, 0.00, 1.00, 1.00), 0, 1.00, 1.00, 90),
    Variant((0.10, 0.00, 0.95, 0.85), 0, 1.15, 1.00, 85),
    Variant((0.05, 0.02, 0.90, 0.87), 4, 0.85, 1.00, 80),
    Variant((0.12, 0.00, 1.00, 0.88), -4, 1.00, 1.15, 75),
    Variant((0.00, 0.00, 0.92, 0.92), 8, 1.05, 0.90, 85),
    Variant((0.08, 0.00, 1.00, 0.92), -8, 0.95, 1.05, 85),
    Variant((0.15, 0.03, 0.88, 0.76), 2, 1.10, 0.95, 60),
    Variant((0.04, 0.00, 0.96, 0.92), -2, 0.80, 1.10, 70),
)


def portrait(name: str) -> bytes:
    """The file as it was published. name: a key of FILES."""
    return (FOLDER / FILES[name]).read_bytes()


def variants(name: str) -> list[bytes]:
    """One JPEG for each of VARIANTS, in their order; the same bytes at every call."""
    with Image.open(FOLDER / FILES[name]) as opened:
        image = opened.convert("RGB")
    return [_made(image, variant) for variant in VARIANTS]


def _made(image: Image.Image, variant: Variant) -> bytes:
    image = image.rotate(variant.turn_deg, Image.Resampling.BICUBIC, fillcolor=_edge_colour(image))
    left, top, right, bottom = variant.crop
    width, height = image.size
    image = image.crop(
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
    )
    image = ImageEnhance.Brightness(image).enhance(variant.light)
    image = ImageEnhance.Contrast(image).enhance(variant.contrast)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=variant.quality)
    return out.getvalue()


def _edge_colour(image: Image.Image) -> tuple[int, int, int]:
    """The upper left corner's mean: corners that a turn leaves empty do not become black wedges."""
    red, green, blue = image.crop((0, 0, 16, 16)).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc] # RGB gives three
    return int(red), int(green), int(blue)
