"""What promotions take off: to the smallest unit, never more than there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.carts.cart import Cart, CartLine, priced
from backend.carts.discounts import Promotion, discounts
from tests.backend.inventory.shelf import NOON

MILK = CartLine("1", "MILK", "Milk", "حليب", None, 3, 500, 500, 1500, 1500, 0, category_en="Food")
SOAP = CartLine("2", "SOAP", "Soap", "صابون", None, 1, 700, 700, 1500, 1500, 0, category_en="Home")
BREAD = CartLine("3", "BREAD", "Bread", "خبز", None, 2, 250, 250, 0, 0, 0, category_en="Food")
EMPTY = Cart("c", "s", "t", "R1", "open", "SAR", 0, NOON, ())


def promotion(**given: object) -> Promotion:
    plain = dict.fromkeys(Promotion.__slots__)
    usual = {"id": "p", "name_en": "Off", "name_ar": "خصم", "needs_coupon": False}
    return Promotion(**{**plain, **usual, **given})  # type: ignore[arg-type]


def off(*promotions: Promotion) -> list[tuple[int, dict[str, int]]]:
    return [(d.amount_minor, dict(d.shares)) for d in discounts((MILK, SOAP, BREAD), promotions)]


@pytest.mark.parametrize(
    ("given", "amount", "shares"),
    [
        ({"kind": "percent", "percent_bp": 1000, "sku": "MILK"}, 150, {"1": 150}),
        ({"kind": "percent", "percent_bp": 1000, "category_en": "Food"}, 200, {"1": 150, "3": 50}),
        ({"kind": "percent", "percent_bp": 333}, 90, {"1": 50, "2": 23, "3": 17}),
        ({"kind": "amount", "amount_minor": 100}, 100, {"1": 56, "2": 26, "3": 18}),
        ({"kind": "amount", "amount_minor": 900, "sku": "SOAP"}, 700, {"2": 700}),
        ({"kind": "n_for_m", "take": 3, "pay": 2, "sku": "MILK"}, 500, {"1": 500}),
        ({"kind": "n_for_m", "take": 2, "pay": 1, "category_en": "Food"}, 500, {"1": 375, "3": 125}),
        (
            {"kind": "bundle", "bundle": {"MILK": 1, "SOAP": 1}, "amount_minor": 1000},
            200,
            {"1": 136, "2": 64},
        ),
        (
            {"kind": "bundle", "bundle": {"MILK": 1, "BREAD": 1}, "amount_minor": 600},
            300,
            {"1": 225, "3": 75},
        ),
        ({"kind": "bundle", "bundle": {"MILK": 3}, "amount_minor": 1200}, 300, {"1": 300}),
    ],
)
def test_each_kind_of_promotion(given: dict[str, object], amount: int, shares: dict[str, int]) -> None:
    assert off(promotion(**given)) == [(amount, shares)]


def test_what_the_cart_does_not_hold_takes_nothing_off() -> None:
    assert off(promotion(kind="percent", percent_bp=5000, sku="TEA")) == []
    assert off(promotion(kind="n_for_m", take=4, pay=3, sku="MILK")) == []
    assert off(promotion(kind="bundle", bundle={"MILK": 1, "TEA": 1}, amount_minor=1)) == []
    assert off(promotion(kind="bundle", bundle={"MILK": 4}, amount_minor=1)) == []


def test_a_bundle_that_is_dearer_than_its_pieces_changes_nothing() -> None:
    assert off(promotion(kind="bundle", bundle={"MILK": 1, "SOAP": 1}, amount_minor=1201)) == []


def test_promotions_follow_each_other_and_a_coupon_comes_last() -> None:
    half = promotion(id="a", kind="percent", percent_bp=5000, sku="MILK")
    three = promotion(id="b", kind="n_for_m", take=3, pay=2, sku="MILK")
    coupon = promotion(id="0", kind="percent", percent_bp=1000, sku="MILK", needs_coupon=True)
    assert [amount for amount, _ in off(coupon, half, three)] == [500, 500, 50]


def test_something_is_always_left_to_pay() -> None:
    assert off(promotion(kind="percent", percent_bp=10_000)) == [(2699, {"1": 1499, "2": 700, "3": 500})]


lines = st.lists(
    st.builds(
        replace,
        st.sampled_from((MILK, SOAP, BREAD)),
        id=st.uuids().map(str),
        quantity=st.integers(1, 20),
        unit_price_minor=st.integers(1, 1_000_000),
        vat_rate_bp=st.sampled_from((0, 500, 1500)),
    ),
    min_size=1,
    max_size=8,
)
promotions = st.lists(
    st.one_of(
        st.builds(promotion, kind=st.just("percent"), percent_bp=st.integers(1, 10_000)),
        st.builds(promotion, kind=st.just("amount"), amount_minor=st.integers(1, 10**8)),
        st.builds(promotion, kind=st.just("n_for_m"), take=st.just(3), pay=st.integers(1, 2)),
        st.builds(
            promotion,
            kind=st.just("bundle"),
            bundle=st.dictionaries(st.sampled_from(("MILK", "SOAP", "BREAD")), st.integers(1, 3), min_size=1),
            amount_minor=st.integers(1, 10**7),
        ),
    ),
    max_size=4,
)


@settings(deadline=None, database=None, max_examples=300)
@given(lines=lines, promotions=promotions)
def test_lines_discounts_and_vat_always_agree(lines: list[CartLine], promotions: list[Promotion]) -> None:
    cart = priced(EMPTY, lines, promotions)
    gross = sum(line.gross_minor for line in cart.lines)
    assert cart.total_minor == gross - sum(each.amount_minor for each in cart.discounts) > 0
    for line in cart.lines:
        assert 0 <= line.discount_minor <= line.gross_minor
        assert 0 <= line.vat_minor <= line.paid_minor
