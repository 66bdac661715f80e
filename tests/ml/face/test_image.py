import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from ml.face.image import PICTURE_BYTES_MAX, SHORT_SIDE_PX, decode
from ml.face.reasons import PictureRefused, Reason
from tests.ml.pictures import COLLINS, HOPPER, encoded, image, wall


def reason_for(picture: bytes) -> Reason:
    with pytest.raises(PictureRefused) as refused:
        decode(picture)
    return refused.value.reason


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 64)
    chunks = [(b"IHDR", header), (b"IDAT", body), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg_claiming(width: int, height: int) -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + frame + b"\xff\xda" + bytes(40)


def webp_claiming(width: int, height: int) -> bytes:
    chunk = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    chunk += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_three_formats_are_read_as_rgb(form):
    read = decode(encoded(wall(320, 240), form))
    assert (read.shape, read.dtype) == ((240, 320, 3), np.uint8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_by_its_exif_tag(orientation):
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose that the tag's turn takes back
    stored = image(HOPPER)
    stored = stored.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = decode(encoded(stored, "PNG", exif=exif))
    assert np.array_equal(read, np.asarray(image(HOPPER)))


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (900, 5000)])
def test_a_large_picture_is_reduced_before_anyone_looks_at_it(size):
    height, width, _ = decode(encoded(wall(*size))).shape
    assert min(width, height) <= SHORT_SIDE_PX
    assert max(width, height) <= 2560
    assert abs(width / height - size[0] / size[1]) < 0.01


def test_a_reduced_jpeg_shows_the_same_as_the_small_one():
    portrait = image(COLLINS)
    large = encoded(portrait.resize((2048, 2048), Image.Resampling.LANCZOS), quality=95)
    small = portrait.resize((640, 640), Image.Resampling.LANCZOS)
    assert np.abs(decode(large).astype(int) - np.asarray(small).astype(int)).mean() < 3


def test_a_file_of_more_than_ten_megabytes_is_refused():
    assert reason_for(b"\xff\xd8" + bytes(PICTURE_BYTES_MAX)) == Reason.PICTURE_TOO_LARGE


@pytest.mark.parametrize("claiming", [png_claiming, jpeg_claiming, webp_claiming])
def test_a_small_file_that_claims_a_huge_picture_is_refused_without_being_decoded(claiming):
    picture = claiming(16_000, 16_000)
    tracemalloc.start()
    assert reason_for(picture) == Reason.PICTURE_TOO_MANY_PIXELS
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_a_heic_picture_is_refused_with_a_hint():
    picture = b"\0\0\0\x18ftypheic" + bytes(64)
    assert reason_for(picture) == Reason.PICTURE_HEIC


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a" + bytes(50), b"BM" + bytes(80), b"%PDF-1.7", b"<svg/>", bytes(1000), b"RIFF0000WAVE"],
)
def test_what_is_not_one_of_the_three_formats_is_refused(content):
    assert reason_for(content) == Reason.PICTURE_FORMAT


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_an_animated_picture_is_refused(form):
    frames = [wall(64, 48), wall(64, 48).transpose(Image.Transpose.ROTATE_180)]
    picture = encoded(frames[0], form, save_all=True, append_images=frames[1:])
    assert reason_for(picture) == Reason.PICTURE_ANIMATED


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.8])
def test_a_picture_that_ends_too_early_is_refused(form, kept):
    whole = encoded(image(HOPPER), form)
    assert reason_for(whole[: int(len(whole) * kept)]) == Reason.PICTURE_BROKEN


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damage that it can live with
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_damage_never_ends_in_anything_but_pixels_or_a_refusal(form):
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encoded(image(COLLINS).resize((96, 96)), form, exif=exif)
    generator = np.random.default_rng(7)
    refused = 0
    for _ in range(150):
        damaged = bytearray(whole)
        for at in generator.integers(0, len(whole), 4):
            damaged[at] = generator.integers(0, 256)
        try:
            decode(bytes(damaged))
        except PictureRefused:
            refused += 1
    assert 0 < refused <= 150


def test_transparent_parts_are_seen_as_white():
    picture = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    assert (decode(encoded(picture, "PNG")) == 255).all()


def test_sixteen_bit_grey_keeps_its_brightness():
    grey = Image.fromarray(np.full((30, 40), 32768, np.uint16))
    assert abs(int(decode(encoded(grey, "PNG")).mean()) - 128) <= 1


def test_no_metadata_survives_decoding():
    exif = Image.Exif()
    exif[0x010E] = "a secret caption"
    read = decode(encoded(wall(64, 48), exif=exif))
    again = Image.open(io.BytesIO(encoded(Image.fromarray(read), "PNG")))
    assert not again.getexif()


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("MPO", {"save_all": True, "append_images": [wall(64, 48)]}),  # phones' JPEG with a second picture
        ("JPEG", {"progressive": True}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_what_phones_and_editors_write_is_read(form, options):
    portrait = image(HOPPER)
    assert np.abs(decode(encoded(portrait, form, **options)).astype(int) - np.asarray(portrait)).mean() < 4


@pytest.mark.parametrize(("mode", "form"), [("CMYK", "JPEG"), ("L", "JPEG"), ("P", "PNG"), ("LA", "PNG")])
def test_other_colour_modes_are_read_as_rgb(mode, form):
    assert decode(encoded(image(HOPPER).convert(mode), form)).shape == (600, 512, 3)
