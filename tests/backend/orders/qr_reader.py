"""A reader of the invoice's QR that shares nothing with the writer: from ZATCA's description, over bytes."""

from __future__ import annotations

import base64
import random

import pypdfium2
import zxingcpp


def fields(text: str) -> dict[int, bytes]:
    """{tag: value}; refuses what a strict reader refuses: rest, gaps, tags twice or out of order, long lengths."""
    content = base64.b64decode(text, validate=True)
    found: dict[int, bytes] = {}
    place = 0
    while place < len(content):
        tag, length = content[place], content[place + 1]
        assert tag == len(found) + 1, f"tag {tag} after {len(found)}"
        assert length < 128, "the first bit of a length says that more bytes of length follow"
        value = content[place + 2 : place + 2 + length]
        assert len(value) == length, "the content ends early"
        found[tag] = value
        place += 2 + length
    return found


LETTERS = "abcdefghij XYZ0123456789.&-'شركةالتموينالحديثةéü€🛒😀𐍈"


def a_name(chance: random.Random, size_bytes: int) -> str:
    """Of exactly so many bytes of UTF-8."""
    name = ""
    while left := size_bytes - len(name.encode()):
        name += chance.choice([sign for sign in LETTERS if len(sign.encode()) <= left])
    return name


def on_page(pdf: bytes, *, dots_per_inch: int = 203) -> str:
    """The QR code of a one-page PDF, read from its picture; 203 is what receipt printers have."""
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 1
        picture = document[0].render(scale=dots_per_inch / 72).to_pil()
    codes = [code.text for code in zxingcpp.read_barcodes(picture)]
    assert len(codes) == 1, codes
    return codes[0]
