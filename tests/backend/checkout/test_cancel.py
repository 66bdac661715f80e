"""Orders that end without a hand-over: the money is back, the goods are on the shelf, and the history says why."""

from __future__ import annotations

from datetime import datetime

import pytest

from backend.checkout import cancel
from backend.db.outbox import Kind
from backend.errors import Refusal
from backend.operations.reconcile import reconcile
from backend.orders.order import Order, OrderState, find
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import IDS, MINUTE, NOON
from tests.backend.orders.counter import Counter, a_paid_order


@pytest.fixture
def counter(buyer: Buyer) -> Counter:
    return Counter(buyer)


def cancelled(buyer: Buyer, order: Order, *, by: str = "") -> Order:
    who = by or buyer.shopper_id
    return buyer.run(lambda tx: cancel.cancel(tx, order.id, who, ids=IDS, now=NOON))


def waiting_since(buyer: Buyer, before: datetime) -> list[str]:
    return buyer.run.read(lambda tx: cancel.uncollected(tx, before=before, limit=9))


def put_away(buyer: Buyer, order: Order, before: datetime) -> bool:
    return buyer.run(lambda tx: cancel.put_away(tx, order.id, before=before, ids=IDS, now=NOON))


def test_a_shopper_cancels_before_packing_and_has_the_money_back(buyer, counter):
    order = cancelled(buyer, counter.accept(a_paid_order(buyer)))
    assert (order.state, buyer.money_minor) == (OrderState.CANCELLED, 100_00)
    assert buyer.shelf.counted("DATES") == (10, 0)
    assert (order.steps[-1].state, order.steps[-1].note) == ("cancelled", "cancelled")
    assert len(buyer.told(Kind.ORDER_CANCELLED)) == len(buyer.told(Kind.REFUND_MADE)) == 1
    assert reconcile(buyer.run, now=NOON).ok


def test_what_is_being_packed_or_another_shoppers_cannot_be_cancelled(buyer, counter):
    order = a_paid_order(buyer)
    with pytest.raises(Refusal, match="order_not_found"):
        cancelled(buyer, order, by=IDS.uuid7())
    counter.pack(counter.accept(order))
    with pytest.raises(Refusal, match="order_state"):
        cancelled(buyer, order)
    assert buyer.money_minor == 100_00 - 25_50


def test_an_order_that_nobody_collects_is_refunded_after_its_days(buyer, counter):
    order = counter.readied(a_paid_order(buyer))
    a_paid_order(buyer, "WATER")  # still to be packed, however old
    assert waiting_since(buyer, NOON - MINUTE) == []
    assert not put_away(buyer, order, NOON - MINUTE)
    assert waiting_since(buyer, NOON) == [order.id]
    assert put_away(buyer, order, NOON)
    assert not put_away(buyer, order, NOON)
    ended = buyer.run.read(lambda tx: find(tx, order.id))
    assert (ended.state, ended.steps[-1].note, ended.refundable_minor) == ("cancelled", "uncollected", 0)
    assert buyer.money_minor == 100_00 - 1_00
