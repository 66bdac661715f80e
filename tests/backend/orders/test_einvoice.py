"""The tax authority's QR: five fields, byte for byte, read back by another reader."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest

from backend.inventory.sellers import Seller
from backend.orders.einvoice import Stamp, simplified_qr
from tests.backend.orders.qr_reader import a_name, fields

AT = datetime(2026, 11, 22, 16, 5, 7, tzinfo=timezone(timedelta(hours=3)))


def qr(
    legal_name: str, *, total_minor: int = 115_00, vat_minor: int = 15_00, stamp: Stamp | None = None
) -> str:
    seller = Seller(legal_name, "310122393500003", "Riyadh", "الرياض")
    return simplified_qr(
        seller, at=AT, total_minor=total_minor, vat_minor=vat_minor, currency="SAR", stamp=stamp
    )


def test_the_five_fields_are_those_of_the_standard():
    assert fields(qr("Bobs Records", total_minor=1000_00, vat_minor=150_00)) == {
        1: b"Bobs Records",
        2: b"310122393500003",
        3: b"2026-11-22T13:05:07Z",
        4: b"1000.00",
        5: b"150.00",
    }


def test_a_known_invoice_has_the_known_code():
    """Names and amounts of the authority's own example (Developer Portal Manual), its time with the zone's letter."""
    seller = Seller("Bobs Records", "310122393500003", "", "")
    at = datetime(2022, 4, 25, 15, 30, tzinfo=UTC)
    text = simplified_qr(seller, at=at, total_minor=1000_00, vat_minor=150_00, currency="SAR", stamp=None)
    assert text == (
        "AQxCb2JzIFJlY29yZHMCDzMxMDEyMjM5MzUwMDAwMwMUMjAyMi0wNC0yNVQxNTozMDowMFoEBzEwMDAuMDAFBjE1MC4wMA=="
    )


def test_ten_thousand_sellers_and_totals_are_read_back_byte_for_byte():
    rng = random.Random(14)
    for _ in range(10_000):
        name = a_name(rng, rng.randint(1, 127))
        total_minor = rng.choice((rng.randint(1, 500_00), rng.randint(1, 10**12)))
        vat_minor = rng.randint(0, total_minor)
        read = fields(qr(name, total_minor=total_minor, vat_minor=vat_minor))
        assert (read[1], read[4], read[5]) == (
            name.encode(),
            f"{total_minor // 100}.{total_minor % 100:02d}".encode(),
            f"{vat_minor // 100}.{vat_minor % 100:02d}".encode(),
        )


@pytest.mark.parametrize("size_bytes", [1, 63, 64, 126, 127])
@pytest.mark.parametrize("letter", ["a", "ش", "😀"])
def test_a_length_counts_bytes(letter, size_bytes):
    width = len(letter.encode())
    name = letter * (size_bytes // width) + "a" * (size_bytes % width)
    assert fields(qr(name))[1] == name.encode()


@pytest.mark.parametrize("name", ["a" * 128, "ش" * 64])
def test_a_name_beyond_the_length_s_seven_bits_is_never_written(name):
    with pytest.raises(ValueError, match="128 bytes"):
        qr(name)


def test_the_second_phase_adds_its_stamp_behind():
    stamp = Stamp(b"h" * 44, b"s" * 96, b"\x30\x56" + b"k" * 86, b"\x30" * 71)
    read = fields(qr("Bobs Records", stamp=stamp))
    assert list(read) == list(range(1, 10))
    assert [read[tag] for tag in (6, 7, 8, 9)] == [
        b"h" * 44,
        b"s" * 96,
        b"\x30\x56" + b"k" * 86,
        b"\x30" * 71,
    ]


def test_currencies_have_their_own_decimals():
    seller = Seller("Bobs Records", "310122393500003", "", "")
    text = simplified_qr(seller, at=AT, total_minor=1_005, vat_minor=0, currency="KWD", stamp=None)
    assert (fields(text)[4], fields(text)[5]) == (b"1.005", b"0.000")
