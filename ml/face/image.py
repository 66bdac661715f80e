"""Bytes of a picture → upright RGB pixels of bounded size, with all metadata left behind."""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.face.header import read_header
from ml.face.reasons import PictureRefused, Reason

PICTURE_BYTES_MAX = 10_000_000
PICTURE_PIXELS_MAX = 24_000_000
SHORT_SIDE_PX = 640  # larger pictures are reduced to this before detection
LONG_SIDE_PX_MAX = 2_560  # a strip of 640 x 37,500 would still be 24 megapixels

Pixels = NDArray[np.uint8]

ORIENTATION = 0x0112
TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow's decoders raise on damaged input; anything else is a bug of ours.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, TypeError, struct.error, zlib.error)


def decode(picture: bytes) -> Pixels:
    """JPEG, PNG or WebP → (H, W, 3) uint8 RGB, turned upright by its EXIF tag, short side ≤ 640 px.

    Raises PictureRefused: picture_too_large, picture_too_many_pixels, picture_format, picture_heic,
    picture_animated, picture_broken. Size, format and pixels are judged from the header before decoding."""
    if len(picture) > PICTURE_BYTES_MAX:
        raise PictureRefused(Reason.PICTURE_TOO_LARGE, bytes=len(picture), bytes_max=PICTURE_BYTES_MAX)
    header = read_header(picture)
    if header.width < 1 or header.height < 1:
        raise PictureRefused(Reason.PICTURE_BROKEN)
    pixels = header.width * header.height
    if pixels > PICTURE_PIXELS_MAX:
        raise PictureRefused(Reason.PICTURE_TOO_MANY_PIXELS, pixels=pixels, pixels_max=PICTURE_PIXELS_MAX)
    if header.animated:
        raise PictureRefused(Reason.PICTURE_ANIMATED)
    try:
        with Image.open(io.BytesIO(picture), formats=[header.format.value]) as opened:
            if opened.size != (header.width, header.height):
                raise PictureRefused(Reason.PICTURE_BROKEN)
            return np.asarray(_upright(_reduced(opened), _orientation(opened)))
    except DAMAGED as error:
        raise PictureRefused(Reason.PICTURE_BROKEN) from error


def _reduced(opened: Image.Image) -> Image.Image:
    size = _target_size(*opened.size)
    if size != opened.size:
        opened.draft(
            "RGB", size
        )  # JPEG only: the decoder itself scales by 1/2, 1/4 or 1/8, never below `size`
    image = _to_rgb(opened)
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _target_size(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, SHORT_SIDE_PX / min(width, height), LONG_SIDE_PX_MAX / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _to_rgb(image: Image.Image) -> Image.Image:
    """Transparent parts become white: what lies under them was not meant to be seen."""
    if image.mode.startswith("I"):  # 16-bit grey
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    return image.convert("RGB")


def _orientation(opened: Image.Image) -> int:
    try:
        return int(opened.getexif().get(ORIENTATION, 1))
    except DAMAGED:
        return 1  # a damaged tag is no reason to refuse a good picture


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(TURN[orientation]) if orientation in TURN else image
