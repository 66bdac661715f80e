"""Promotions from the cart to the order, and coupons whose limits hold whatever happens at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from backend.carts import promotions
from backend.carts.cart import Cart
from backend.carts.promotions import NewCoupon, NewPromotion
from backend.carts.tables import coupons as coupon_rows
from backend.checkout import coupons
from backend.checkout.open import OpenCheckout, open_checkout
from backend.db.transaction import Runner
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.operations.reconcile import reconcile
from backend.orders.order import find
from tests.backend.carts.test_parallel_scans import at_once
from tests.backend.checkout.till import LIFETIME, Buyer, a_buyer, order_id
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf


@pytest.fixture
def buyer(run: Runner) -> Buyer:
    return a_buyer(run)


def manager(shelf: Shelf) -> StaffMember:
    return StaffMember(IDS.uuid7(), "Manager", "manager", frozenset({shelf.store.id}))


def promote(shelf: Shelf, **given: Any) -> str:
    plain = dict.fromkeys(NewPromotion.__slots__)
    usual = {
        "store_id": shelf.store.id,
        "kind": "percent",
        "percent_bp": 1000,
        "name_en": "Ten off",
        "name_ar": "خصم",
        "needs_coupon": False,
        "valid_from": NOON - MINUTE,
    }
    new = NewPromotion(**{**plain, **usual, **given})  # type: ignore[arg-type]
    return shelf.run(lambda tx: promotions.create(tx, new, staff=manager(shelf), ids=IDS, now=NOON))


def a_coupon(
    shelf: Shelf, code: str = "TEN", *, uses_max: int = 1, per_shopper_max: int = 1, **given: Any
) -> str:
    promotion_id = promote(shelf, needs_coupon=True, **given)
    new = NewCoupon(promotion_id, code, uses_max, per_shopper_max)
    return shelf.run(lambda tx: promotions.issue(tx, new, staff=manager(shelf), ids=IDS, now=NOON))


def with_coupon(buyer: Buyer, *skus: str, code: str = "TEN", now: datetime = NOON) -> Cart:
    cart = buyer.filled(*skus)
    return buyer.run(lambda tx: coupons.put(tx, cart.id, code, shopper_id=buyer.shopper_id, now=now))


def uses(shelf: Shelf, coupon_id: str) -> int:
    row = select(coupon_rows.c.uses).where(coupon_rows.c.id == coupon_id)
    return int(shelf.run.read(lambda tx: tx.execute(row).scalar_one()))


def test_a_bundle_is_cheaper_as_often_as_it_is_whole(buyer: Buyer) -> None:
    promote(buyer.shelf, kind="bundle", percent_bp=None, bundle={"DATES": 1, "BREAD": 2}, amount_minor=25_00)
    assert buyer.filled("DATES", "BREAD").discounts == ()
    cart = buyer.filled("BREAD", "BREAD")
    assert (cart.pieces, [discount.amount_minor for discount in cart.discounts]) == (4, [3_00])
    checkout = buyer.open(cart.id)
    assert buyer.prove(checkout)
    paid = order_id(buyer.pay(checkout, buyer.grant()))
    order = buyer.run.read(lambda tx: find(tx, paid))
    assert (order.total_minor, sum(line.discount_minor for line in order.lines)) == (27_50, 3_00)
    assert reconcile(buyer.run, now=NOON).ok


def test_a_promotion_is_in_the_cart_the_checkout_the_order_and_the_books(buyer: Buyer) -> None:
    promote(buyer.shelf, sku="DATES")
    cart = buyer.filled("DATES", "BREAD")
    assert (cart.total_minor, cart.vat_minor) == (23_20, 2_70)
    checkout = buyer.open(cart.id)
    assert (checkout.total_minor, checkout.cart_hash) == (cart.total_minor, cart.hash)
    assert [each["amount_minor"] for each in checkout.discounts] == [2_30]
    assert buyer.prove(checkout)
    paid = order_id(buyer.pay(checkout, buyer.grant()))
    order = buyer.run.read(lambda tx: find(tx, paid))
    assert {line.sku: line.discount_minor for line in order.lines} == {"DATES": 2_30, "BREAD": 0}
    assert (order.total_minor, buyer.money_minor) == (23_20, 76_80)
    assert reconcile(buyer.run, now=NOON).ok


def test_a_promotion_that_ended_since_the_shopper_looked_is_asked_about(buyer: Buyer) -> None:
    promote(buyer.shelf, valid_to=NOON + MINUTE)
    cart = buyer.filled("DATES")
    asked = OpenCheckout(cart.id, buyer.shopper_id, buyer.device.id, seen_minor=cart.total_minor)
    with pytest.raises(Refusal) as no:
        buyer.run(lambda tx: open_checkout(tx, asked, lifetime=LIFETIME, ids=IDS, now=NOON + MINUTE))
    assert (no.value.code, no.value.facts["total_minor"]) == ("cart_changed", 23_00)
    assert buyer.current(NOON + MINUTE).state == "open"
    assert (
        buyer.run(lambda tx: open_checkout(tx, asked, lifetime=LIFETIME, ids=IDS, now=NOON)).total_minor
        == 20_70
    )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"valid_from": NOON + MINUTE}, "coupon_not_yet"),
        ({"valid_to": NOON}, "coupon_over"),
    ],
)
def test_a_coupon_counts_in_its_time(buyer: Buyer, given: dict[str, Any], code: str) -> None:
    a_coupon(buyer.shelf, **given)
    with pytest.raises(Refusal, match=code):
        with_coupon(buyer, "DATES")
    with pytest.raises(Refusal, match="coupon_unknown"):
        with_coupon(buyer, "DATES", code="NEVER")


def test_a_coupon_of_another_store_is_unknown_here(buyer: Buyer) -> None:
    a_coupon(Shelf(buyer.run, "R2"))
    with pytest.raises(Refusal, match="coupon_unknown"):
        with_coupon(buyer, "DATES")


def test_a_coupon_is_used_by_the_checkout_and_given_back_when_it_is_cancelled(buyer: Buyer) -> None:
    coupon_id = a_coupon(buyer.shelf)
    cart = with_coupon(buyer, "DATES")
    assert (cart.coupon, cart.total_minor) == ("TEN", 20_70)
    checkout = buyer.open(cart.id)
    assert uses(buyer.shelf, coupon_id) == 1
    buyer.cancel(checkout)
    assert uses(buyer.shelf, coupon_id) == 0
    without = buyer.run(lambda tx: coupons.take_off(tx, cart.id, shopper_id=buyer.shopper_id, now=NOON))
    assert (without.coupon, without.total_minor) == (None, 23_00)


def test_a_checkout_that_ran_out_gives_its_coupon_back_without_any_sweep(buyer: Buyer) -> None:
    coupon_id = a_coupon(buyer.shelf)
    buyer.open(with_coupon(buyer, "DATES").id)
    other = Buyer(buyer.shelf)
    cart = with_coupon(other, "DATES")
    with pytest.raises(Refusal, match="coupon_used_up"):
        other.open(cart.id)
    assert other.open(cart.id, now=NOON + 6 * MINUTE).total_minor == 20_70
    assert uses(buyer.shelf, coupon_id) == 1


def test_a_shopper_uses_a_coupon_as_often_as_it_allows_one_shopper(buyer: Buyer) -> None:
    coupon_id = a_coupon(buyer.shelf, uses_max=10, per_shopper_max=2)
    for _ in range(2):
        checkout = buyer.open(with_coupon(buyer, "WATER").id)
        assert buyer.prove(checkout)
        buyer.pay(checkout, buyer.grant())
    with pytest.raises(Refusal, match="coupon_used_up"):
        buyer.open(with_coupon(buyer, "WATER").id)
    assert uses(buyer.shelf, coupon_id) == 2


def test_of_many_shoppers_at_once_as_many_use_a_coupon_as_it_allows(buyer: Buyer) -> None:
    coupon_id = a_coupon(buyer.shelf, uses_max=3)
    buyers = [Buyer(buyer.shelf, money_minor=0) for _ in range(8)]
    ready = [(each, with_coupon(each, "WATER").id) for each in buyers]
    outcomes = at_once([lambda e=each, c=cart_id: e.open(c) for each, cart_id in ready])
    assert outcomes == {"done": 3, "coupon_used_up": 5}
    assert uses(buyer.shelf, coupon_id) == 3


def test_the_database_itself_keeps_a_coupon_within_its_limit(buyer: Buyer) -> None:
    a_coupon(buyer.shelf)
    with pytest.raises(IntegrityError):
        buyer.run(lambda tx: tx.execute(update(coupon_rows).values(uses=2)))
