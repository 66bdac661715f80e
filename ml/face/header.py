"""Format and size of a picture from its first bytes, before any decoder sees it.

A file of some hundred bytes may claim gigapixels; Pillow's WebP plugin would allocate the canvas on opening.
Sources: ITU-T T.81 annex B (JPEG), RFC 2083 (PNG) and its APNG extension, RFC 9649 (WebP).
"""

from dataclasses import dataclass
from enum import StrEnum

from ml.face.reasons import PictureRefused, Reason


class Format(StrEnum):
    """The values are Pillow's names."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"


@dataclass(frozen=True, slots=True)
class Header:
    format: Format
    width: int
    height: int
    animated: bool


HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))


def read_header(picture: bytes) -> Header:
    """Raises PictureRefused: picture_format, picture_heic, picture_broken (the header ends too early)."""
    try:
        if picture[:2] == b"\xff\xd8":
            return _jpeg(picture)
        if picture[:8] == b"\x89PNG\r\n\x1a\n":
            return _png(picture)
        if picture[:4] == b"RIFF" and picture[8:12] == b"WEBP":
            return _webp(picture)
    except (IndexError, ValueError) as error:
        raise PictureRefused(Reason.PICTURE_BROKEN) from error
    if picture[4:8] == b"ftyp" and picture[8:12] in HEIC_BRANDS:
        raise PictureRefused(Reason.PICTURE_HEIC)
    raise PictureRefused(Reason.PICTURE_FORMAT)


def _jpeg(data: bytes) -> Header:
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError(f"no marker at byte {at}")
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in WITHOUT_LENGTH:
            at += 2
        elif marker in START_OF_FRAME:
            return Header(Format.JPEG, _big(data, at + 7, 2), _big(data, at + 5, 2), animated=False)
        elif marker in (0xD9, 0xDA):
            raise ValueError("picture data before the frame header")
        else:
            at += 2 + _big(data, at + 2, 2)


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    width, height, at, animated = _big(data, 16, 4), _big(data, 20, 4), 8, False
    while (kind := data[at + 4 : at + 8]) not in (b"IDAT", b"IEND", b""):
        animated = animated or kind == b"acTL"
        at += 12 + _big(data, at, 4)
    return Header(Format.PNG, width, height, animated)


def _webp(data: bytes) -> Header:
    match data[12:16]:
        case b"VP8X":
            return Header(
                Format.WEBP, _little(data, 24, 3) + 1, _little(data, 27, 3) + 1, bool(data[20] & 0x02)
            )
        case b"VP8L":
            bits = _little(data, 21, 4)
            return Header(Format.WEBP, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, animated=False)
        case b"VP8 ":
            return Header(
                Format.WEBP, _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF, animated=False
            )
    raise ValueError("unknown WebP chunk")


def _big(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_exactly(data, at, length), "big")


def _little(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(_exactly(data, at, length), "little")


def _exactly(data: bytes, at: int, length: int) -> bytes:
    part = data[at : at + length]
    if len(part) != length:
        raise ValueError(f"the file ends before byte {at + length}")
    return part
