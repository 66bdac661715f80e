"""The printed catalogue: pages of cards with a code to scan and a number to type."""

from __future__ import annotations

import re
import zlib
from datetime import date

from catalogue.demo.draw import PICTURES
from catalogue.labels import LabelKey, label_matrix, sign_label
from catalogue.qr import dark_runs
from catalogue.sheet import QR_MM, Card, catalogue_sheet, shown_price, typed_form

KEY = LabelKey.from_seed("A1", b"1" * 32)
GTIN = "02000000000015"


def a_card(number: int = 1, **changes: object) -> Card:
    known = {
        "name_en": f"Good {number}",
        "name_ar": f"سلعة {number}",
        "category_en": "Pantry",
        "category_ar": "مؤونة",
        "price_minor": 10_50,
        "currency": "SAR",
        "vat_rate_bp": 1500,
        "gtin": GTIN,
        "label": sign_label(GTIN, "R1", host="shop.example", key=KEY),
    }
    return Card(**(known | changes))  # type: ignore[arg-type]


def sheet(*cards: Card) -> bytes:
    return catalogue_sheet(
        cards, store_name_en="Riyadh", store_name_ar="الرياض", prices_of=date(2026, 11, 22)
    )


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def drawn(pdf: bytes) -> str:
    """What the pages' content streams say."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    texts = []
    for stream in streams:
        try:
            texts.append(zlib.decompress(stream).decode("latin-1"))
        except zlib.error:
            continue  # a picture
    return "\n".join(texts)


def test_eight_cards_fill_a_page_and_the_ninth_begins_another():
    assert [pages(sheet(*[a_card(n) for n in range(count)])) for count in (1, 8, 9)] == [1, 1, 2]


def test_every_dark_module_of_the_label_is_drawn_at_thirty_millimetres_or_more():
    card = a_card()
    runs = dark_runs(label_matrix(card.label))
    assert drawn(sheet(card)).count(" 1 re") == len(runs)
    assert QR_MM >= 30


def test_the_same_cards_give_the_same_bytes():
    assert sheet(a_card()) == sheet(a_card())


def test_prices_are_written_from_minor_units_in_both_languages():
    assert shown_price(a_card(), "en") == "SAR\u00a010.50"
    assert "10.50" in shown_price(a_card(), "ar")


def test_the_number_to_type_has_thirteen_digits_in_groups():
    assert typed_form(GTIN) == "2 000000 000015"


def test_a_picture_is_printed_and_a_broken_one_left_out():
    good = (PICTURES / "water-600.webp").read_bytes()
    with_picture, with_rubbish = (sheet(a_card(picture=content)) for content in (good, b"no picture"))
    assert b"/DCTDecode" in with_picture
    assert b"/DCTDecode" not in with_rubbish


def test_a_shop_without_goods_still_has_a_page():
    assert pages(sheet()) == 1
