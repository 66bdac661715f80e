"""GTIN: check digit, typed numbers, numbers for goods that have none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.gtin import (
    GtinRefused,
    check_digit,
    is_restricted,
    restricted_gtin13,
    shown_gtin,
    to_gtin14,
    typed_gtin,
)

BODIES = st.integers(min_value=1, max_value=10**12 - 1).map(lambda number: f"{number:012}")


@pytest.mark.parametrize(
    ("printed", "stored"),
    [
        ("4006381333931", "04006381333931"),  # the GS1 manual's own kind: EAN-13
        ("036000291452", "00036000291452"),  # UPC-A
        ("96385074", "00000096385074"),  # EAN-8
        ("10614141000415", "10614141000415"),
    ],
)
def test_every_length_is_stored_with_fourteen_digits(printed: str, stored: str) -> None:
    assert to_gtin14(printed) == stored
    assert to_gtin14(shown_gtin(stored)) == stored


@pytest.mark.parametrize(
    "digits", ["", "4006381333930", "400638133393", "12345", "4006381333931 ", "٤٠٠٦٣٨١٣٣٣٩٣١", "0" * 13]
)
def test_anything_else_is_refused_with_a_sentence(digits: str) -> None:
    with pytest.raises(GtinRefused) as refusal:
        to_gtin14(digits)
    assert refusal.value.reason.endswith(".")


@given(BODIES, st.integers(min_value=0, max_value=12), st.integers(min_value=1, max_value=9))
def test_one_wrong_digit_is_always_noticed(body: str, place: int, shift: int) -> None:
    number = f"{body}{check_digit(body)}"
    wrong = f"{number[:place]}{(int(number[place]) + shift) % 10}{number[place + 1 :]}"
    with pytest.raises(GtinRefused):
        to_gtin14(wrong)


def test_a_typed_number_may_have_spaces_hyphens_and_arabic_digits() -> None:
    assert typed_gtin(" 4 006381-333931 ") == "04006381333931"
    assert typed_gtin("٤٠٠٦٣٨١٣٣٣٩٣١") == "04006381333931"


@given(st.integers(min_value=0, max_value=9_999_999_999))
def test_goods_without_a_number_get_one_from_the_restricted_range(item: int) -> None:
    number = restricted_gtin13(item)
    assert len(number) == 13
    assert is_restricted(to_gtin14(number))


def test_a_restricted_number_beyond_the_range_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="item must be between"):
        restricted_gtin13(10_000_000_000)
    assert not is_restricted("04006381333931")
