"""Amounts are whole minor units, and VAT sums to what the receipt says."""

from __future__ import annotations

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.money import GrossLine, Money, divide_half_up, first_pieces, vat_by_rate, vat_per_line

lines = st.lists(
    st.builds(GrossLine, st.integers(1, 500_000), st.sampled_from([0, 500, 1500])), min_size=1, max_size=50
)


def test_fifteen_percent_of_115_riyals_is_15_riyals():
    assert Money(115_00, "SAR").split_vat(1500) == (Money(100_00, "SAR"), Money(15_00, "SAR"))


def test_a_half_is_rounded_away_from_zero():
    assert [divide_half_up(n, 2) for n in (1, 3, -1, -3, 4)] == [1, 2, -1, -2, 2]


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_net_and_vat_sum_back_to_the_gross_amount(gross_minor, rate_bp):
    net, vat = Money(gross_minor, "SAR").split_vat(rate_bp)
    assert net.minor + vat.minor == gross_minor


@given(lines)
def test_the_lines_vat_sums_to_the_vat_of_each_rates_total(basket):
    per_line = vat_per_line(basket)
    by_rate = vat_by_rate(zip([line.vat_rate_bp for line in basket], per_line, strict=True))
    for rate, vat_minor in by_rate.items():
        gross = sum(line.gross_minor for line in basket if line.vat_rate_bp == rate)
        assert vat_minor == divide_half_up(gross * rate, 10_000 + rate)


@given(lines)
def test_no_line_carries_more_than_one_minor_unit_of_rounding(basket):
    for line, vat_minor in zip(basket, vat_per_line(basket), strict=True):
        exact = line.gross_minor * line.vat_rate_bp
        assert abs(vat_minor * (10_000 + line.vat_rate_bp) - exact) <= 10_000 + line.vat_rate_bp


@given(st.integers(0, 10**6), st.floats(0, 1), st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_a_line_that_goes_back_in_any_parts_gives_back_what_was_paid(paid, vat_share, parts):
    vat, quantity = int(paid * vat_share), sum(parts)
    given_back = [
        tuple(after - before for before, after in zip(one, two, strict=True))
        for one, two in pairwise(first_pieces(paid, vat, quantity, n) for n in accumulate(parts, initial=0))
    ]
    assert tuple(map(sum, zip(*given_back, strict=True))) == (paid, vat)
    assert all(0 <= vat_minor <= amount_minor for amount_minor, vat_minor in given_back)
