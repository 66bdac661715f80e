"""From paid to handed over: every step in order, every other one refused."""

from __future__ import annotations

import pytest

from backend.checkout.mismatch import Mismatch, record_mismatch
from backend.db import events
from backend.db.outbox import Kind
from backend.errors import Refusal
from backend.orders import packing
from backend.orders.order import OrderState, find
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import IDS, NOON
from tests.backend.orders.counter import CODE, Counter, a_member, a_paid_order


@pytest.fixture
def counter(buyer: Buyer) -> Counter:
    return Counter(buyer)


def refused(act) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value


def mismatch(counter: Counter, order, *, refund: bool):
    command = Mismatch(order.id, "another person came", refund)
    return counter.run(lambda tx: record_mismatch(tx, command, staff=counter.staff, ids=IDS, now=NOON))


def test_a_paid_order_is_accepted_packed_made_ready_and_handed_over(buyer, counter):
    order = counter.hand_over(counter.readied(a_paid_order(buyer)))
    assert [step.state for step in order.steps] == ["paid", "accepted", "packing", "ready", "handed_over"]


def test_the_queue_shows_the_oldest_paid_order_first_and_none_of_another_store(buyer, counter):
    first, second = a_paid_order(buyer, "WATER"), a_paid_order(buyer, "WATER")
    queue = buyer.run.read(lambda tx: packing.queue(tx, buyer.shelf.store.id))
    assert [order.id for order in queue] == [first.id, second.id]
    assert buyer.run.read(lambda tx: packing.queue(tx, IDS.uuid7())) == []


def test_two_packers_cannot_accept_the_same_order(buyer, counter):
    order = a_paid_order(buyer)
    counter.accept(order)
    assert refused(lambda: Counter(buyer).accept(order)).code == "order_claimed"


def test_an_order_with_an_unticked_line_is_not_ready(buyer, counter):
    order = counter.accept(a_paid_order(buyer))
    order = counter.tick(order, order.lines[0].id, 1)
    assert refused(lambda: counter.ready(order)).code == "lines_unpacked"


@pytest.mark.parametrize("packed", [-1, 2])
def test_a_line_cannot_be_ticked_beyond_what_was_bought(buyer, counter, packed):
    order = counter.accept(a_paid_order(buyer))
    assert refused(lambda: counter.tick(order, order.lines[0].id, packed)).code == "line_not_found"


def test_staff_of_another_store_do_not_find_the_order(buyer, counter):
    order = a_paid_order(buyer)
    counter.staff = a_member(buyer.run, buyer.shelf.store.id)
    stranger = Counter(buyer)
    stranger.staff = type(stranger.staff)(stranger.staff.id, "Stranger", "packer", frozenset({IDS.uuid7()}))
    assert refused(lambda: stranger.accept(order)).code == "order_not_found"


def test_a_wrong_code_keeps_the_goods_and_says_how_many_tries_are_left(buyer, counter):
    order = counter.readied(a_paid_order(buyer))
    refusal = refused(lambda: counter.hand_over(order, "000000"))
    assert (refusal.code, refusal.facts) == ("pickup_code_wrong", {"tries_left": 4})
    assert buyer.run.read(lambda tx: find(tx, order.id)).state is OrderState.READY


def test_after_five_wrong_codes_not_even_the_right_one_opens(buyer, counter):
    order = counter.readied(a_paid_order(buyer))
    for _ in range(5):
        refused(lambda: counter.hand_over(order, "000000"))
    assert refused(lambda: counter.hand_over(order, CODE)).code == "pickup_locked"


def test_the_pickup_code_rests_only_as_a_hash_and_travels_only_sealed(buyer, counter):
    order = counter.readied(a_paid_order(buyer))
    told = buyer.told(Kind.ORDER_READY)
    assert told == [{"order_id": order.id, "receipt_number": 1, "sealed": {"device": "jwe"}}]


def test_a_mismatch_ends_the_order_without_a_hand_over(buyer, counter):
    order = mismatch(counter, counter.readied(a_paid_order(buyer)), refund=False)
    assert order.state is OrderState.MISMATCH
    assert refused(lambda: counter.hand_over(order)).code == "order_state"
    assert buyer.money_minor == 100_00 - 25_50


def test_a_mismatch_with_a_refund_gives_money_and_goods_back_at_once(buyer, counter):
    order = mismatch(counter, counter.readied(a_paid_order(buyer)), refund=True)
    assert (buyer.money_minor, buyer.shelf.counted("DATES")) == (100_00, (10, 0))
    assert refused(lambda: mismatch(counter, order, refund=True)).code == "order_state"
    assert buyer.money_minor == 100_00


def test_every_step_is_an_event_of_the_store_in_order(buyer, counter):
    counter.hand_over(counter.readied(a_paid_order(buyer)))
    feed = buyer.run.read(lambda tx: events.after(tx, buyer.shelf.store.id, 0))
    kinds = ["payment.settled", "order.accepted", "order.ready", "order.handed_over"]
    assert [(event.id, event.kind) for event in feed] == list(enumerate(kinds, start=1))
