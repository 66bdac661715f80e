"""The demo goods: enough of them, named twice, each with a picture that the project drew itself."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from catalogue.demo.draw import PICTURES, PRODUCTS_CSV, picture
from catalogue.demo.looks import LOOKS
from catalogue.products_csv import parse_products_csv

PICTURE_BYTES_MAX = 20_000


def rows():
    parsed = parse_products_csv(PRODUCTS_CSV.read_bytes())
    assert parsed.refused == ()
    return parsed.rows


def test_there_are_over_sixty_products_in_eight_categories_and_two_stores():
    assert len(rows()) > 60
    assert len({row.category_en for row in rows()}) >= 8
    assert {store for row in rows() for store in row.on_hand} == {"R1", "J1"}


def test_every_product_has_a_look_and_a_small_square_picture():
    assert {row.sku for row in rows()} == set(LOOKS)
    assert {row.picture for row in rows()} == {path.name for path in PICTURES.iterdir()}
    for path in PICTURES.iterdir():
        assert path.stat().st_size <= PICTURE_BYTES_MAX
        with Image.open(path) as opened:
            assert (opened.format, opened.size) == ("WEBP", (480, 480))


def test_a_picture_is_drawn_the_same_every_time():
    row = rows()[0]
    assert pixels(picture(row.sku, row.category_en)) == pixels(Path(PICTURES / row.picture).read_bytes())


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as opened:
        return opened.convert("RGB").tobytes()
