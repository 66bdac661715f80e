"""A claim is a lease: one packer at a time, and nobody keeps an order by vanishing."""

from __future__ import annotations

import pytest

from backend.errors import Refusal
from backend.orders import packing
from backend.orders.packing import CLAIM
from tests.backend.inventory.shelf import IDS, MINUTE, NOON
from tests.backend.orders.counter import Counter, a_paid_order


@pytest.fixture
def counter(buyer) -> Counter:
    return Counter(buyer)


def accept(counter: Counter, order, now):
    return counter.run(lambda tx: packing.accept(tx, order.id, staff=counter.staff, ids=IDS, now=now))


def test_a_claim_returns_when_its_time_is_over(buyer, counter):
    order, other = counter.accept(a_paid_order(buyer)), Counter(buyer)
    with pytest.raises(Refusal, match="order_claimed"):
        accept(other, order, NOON + CLAIM - MINUTE)
    taken = accept(other, order, NOON + CLAIM)
    assert (taken.packer_id, taken.steps[-1].act, taken.steps[-1].staff_id) == (
        other.staff.id,
        "taken_over",
        other.staff.id,
    )
    for act in (lambda: counter.tick(order, order.lines[0].id, 1), lambda: counter.ready(order)):
        with pytest.raises(Refusal, match="order_claimed"):
            act()


def test_a_tick_renews_the_claim(buyer, counter):
    order = counter.accept(a_paid_order(buyer))
    later = NOON + CLAIM - MINUTE
    line = order.lines[0].id
    counter.run(lambda tx: packing.tick(tx, order.id, line, 1, staff=counter.staff, now=later))
    with pytest.raises(Refusal, match="order_claimed"):
        accept(Counter(buyer), order, NOON + CLAIM)


def test_accepting_again_is_no_second_claim(buyer, counter):
    order = counter.accept(a_paid_order(buyer))
    assert len(counter.accept(order).steps) == len(order.steps)


def test_a_packer_gives_back_only_the_own_order(buyer, counter):
    order, other = counter.accept(a_paid_order(buyer)), Counter(buyer)
    with pytest.raises(Refusal, match="order_claimed"):
        other.run(lambda tx: packing.release(tx, order.id, staff=other.staff, ids=IDS, now=NOON))
    given = counter.run(lambda tx: packing.release(tx, order.id, staff=counter.staff, ids=IDS, now=NOON))
    assert (given.state, given.packer_id, given.steps[-1].note) == ("paid", None, "released")
