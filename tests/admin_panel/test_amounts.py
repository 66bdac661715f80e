import pytest

from admin_panel.amounts import minor_from_text, money
from backend.errors import Refusal


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("12", 12_00), ("12.5", 12_50), ("12,50", 12_50), (" 0.05 ", 5), ("١٢٫٥٠", 12_50), ("1 200", 1_200_00)],
)
def test_an_amount_is_read_as_people_type_it(typed, minor):
    assert minor_from_text(typed, "SAR") == minor


@pytest.mark.parametrize(
    "typed", ["", "-5", "5.005", "1,200", "1e3", "five", "5.", "9999999999", "+5", "0x10"]
)
def test_what_is_unclear_is_refused_and_never_rounded(typed):
    with pytest.raises(Refusal, match="amount_unreadable"):
        minor_from_text(typed, "SAR")


def test_a_currency_without_decimals_has_none():
    assert minor_from_text("500", "JPY") == 500
    with pytest.raises(Refusal):
        minor_from_text("500.5", "JPY")


def test_money_is_shown_in_the_reader_s_language():
    assert money(1_234_50, "SAR", "en") == "SAR\u00a01,234.50"
    assert "1,234.50" in money(1_234_50, "SAR", "ar")
    assert "ر.س" in money(1_234_50, "SAR", "ar")


def test_cents_survive_beyond_what_a_float_can_hold():
    assert money(90_071_992_547_409_93, "SAR", "en").endswith("90,071,992,547,409.93")
