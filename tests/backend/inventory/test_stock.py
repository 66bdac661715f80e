"""Every change of the counted pieces, and the rule that nothing is sold twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from backend.db.transaction import Runner, engine_for
from backend.errors import Refusal
from backend.inventory import reservations, stock
from backend.inventory.stock import Delivery
from tests.backend.carts.trolley import Trolley
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf


@pytest.fixture
def shelf(run: Runner) -> Shelf:
    return Shelf(run)


def test_what_comes_in_is_added_and_noted(shelf: Shelf) -> None:
    shelf.put("MILK", 10)
    more = [Delivery(shelf.store.id, "MILK", 5)]
    shelf.run(lambda tx: stock.receive(tx, more, reference="delivery", ids=IDS, now=NOON))
    assert shelf.counted("MILK") == (15, 0)
    assert shelf.moved("MILK") == 15


def test_a_count_sets_the_shelf_and_notes_the_difference(shelf: Shelf) -> None:
    shelf.put("MILK", 10)
    difference = shelf.run(
        lambda tx: stock.count(tx, shelf.store.id, "MILK", counted=7, reference="count", ids=IDS, now=NOON)
    )
    assert difference == -3
    assert (shelf.counted("MILK"), shelf.moved("MILK")) == ((7, 0), 7)


def test_a_count_below_what_is_held_is_refused(shelf: Shelf) -> None:
    shelf.put("MILK", 10)
    hold(shelf, "MILK", 4)
    with pytest.raises(Refusal, match="count_below_reserved"):
        shelf.run(
            lambda tx: stock.count(tx, shelf.store.id, "MILK", counted=3, reference="c", ids=IDS, now=NOON)
        )
    assert shelf.counted("MILK") == (10, 4)


def test_what_is_returned_can_be_sold_again(shelf: Shelf) -> None:
    shelf.put("MILK", 1)
    cart_id = hold(shelf, "MILK", 1)
    shelf.run(lambda tx: reservations.sell(tx, cart_id, shelf.store.id, reference="c", now=NOON))
    assert shelf.available("MILK") == 0
    shelf.run(
        lambda tx: reservations.restock(tx, shelf.store.id, {"MILK": 1}, reference="r", ids=IDS, now=NOON)
    )
    assert (shelf.available("MILK"), shelf.moved("MILK")) == (1, 1)


def write_off(shelf: Shelf, sku: str, pieces: int, now: datetime = NOON) -> None:
    shelf.run(lambda tx: stock.write_off(tx, shelf.store.id, {sku: pieces}, reference="w", ids=IDS, now=now))


def test_what_is_written_off_leaves_the_shelf_but_not_the_carts(shelf: Shelf) -> None:
    shelf.put("MILK", 10)
    hold(shelf, "MILK", 4)
    write_off(shelf, "MILK", 5)
    assert (shelf.counted("MILK"), shelf.moved("MILK")) == ((5, 4), 5)
    with pytest.raises(Refusal, match="stock_short") as no:
        write_off(shelf, "MILK", 2)
    assert no.value.facts == {"sku": "MILK", "available": 1}
    write_off(shelf, "MILK", 5, now=NOON + 16 * MINUTE)  # the cart's time is over, whether swept or not
    assert (shelf.counted("MILK"), shelf.moved("MILK")) == ((0, 0), 0)


def test_goods_go_from_one_store_to_another_whichever_comes_first(shelf: Shelf) -> None:
    shelf.put("MILK", 10)
    other = Shelf(shelf.run, "R2")
    for here, there, pieces in ((shelf, other, 7), (other, shelf, 2)):
        goods = {"MILK": pieces}
        shelf.run(
            lambda tx, here=here, there=there, goods=goods: stock.transfer(
                tx, here.store.id, there.store.id, goods, reference="t", ids=IDS, now=NOON
            )
        )
    assert (shelf.counted("MILK"), other.counted("MILK")) == ((5, 0), (5, 0))
    assert (shelf.moved("MILK"), other.moved("MILK")) == (5, 5)


def test_a_transfer_of_more_than_there_is_moves_nothing(shelf: Shelf) -> None:
    shelf.put("MILK", 3)
    shelf.put("BREAD", 3)
    other = Shelf(shelf.run, "R2")
    goods = {"BREAD": 1, "MILK": 4}
    with pytest.raises(Refusal, match="stock_short"):
        shelf.run(
            lambda tx: stock.transfer(
                tx, shelf.store.id, other.store.id, goods, reference="t", ids=IDS, now=NOON
            )
        )
    assert (shelf.counted("BREAD"), shelf.counted("MILK"), other.available("BREAD")) == ((3, 0), (3, 0), 0)


def hold(shelf: Shelf, sku: str, pieces: int) -> str:
    return Trolley(shelf).filled(*[sku] * pieces).id


class OneProduct(RuleBasedStateMachine):
    """Shoppers, deliveries and time in any order; the machine keeps its own books."""

    shelf: Shelf  # set by the test: a database of its own

    @initialize()
    def begin(self) -> None:
        self.sku = self.shelf.put(f"SKU-{IDS.digits(12)}", 3)
        self.now = NOON
        self.received, self.sold = 3, 0
        self.carts: dict[str, int] = {}  # pieces
        self.lines: dict[str, str] = {}  # of each cart its one line

    @rule(pieces=st.integers(1, 5))
    def receive(self, pieces: int) -> None:
        goods = [Delivery(self.shelf.store.id, self.sku, pieces)]
        self.shelf.run(lambda tx: stock.receive(tx, goods, reference="d", ids=IDS, now=self.now))
        self.received += pieces

    @rule(pieces=st.integers(1, 3))
    def write_off(self, pieces: int) -> None:
        try:
            write_off(self.shelf, self.sku, pieces, self.now)
            self.received -= pieces
        except Refusal as no:
            self.expect(no, "stock_short")

    @rule()
    def scan(self) -> None:
        try:
            scanned = Trolley(self.shelf).scan(self.sku, now=self.now)
            self.carts[scanned.cart.id] = 1
            self.lines[scanned.cart.id] = scanned.cart.lines[0].id
        except Refusal as no:
            self.expect(no, "out_of_stock")

    @rule(quantity=st.integers(1, 4), data=st.data())
    def resize(self, quantity: int, data: st.DataObject) -> None:
        if self.carts:
            cart_id = data.draw(st.sampled_from(sorted(self.carts)))
            line_id = self.lines[cart_id]
            try:
                self.shelf.run(
                    lambda tx: reservations.resize(tx, line_id=line_id, quantity=quantity, now=self.now)
                )
                self.carts[cart_id] = quantity
            except Refusal as no:
                self.expect(no, "out_of_stock", "cart_expired")

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.carts:
            cart_id = data.draw(st.sampled_from(sorted(self.carts)))
            self.shelf.run(lambda tx: reservations.release_carts(tx, cart_id))

    @rule(data=st.data())
    def sell(self, data: st.DataObject) -> None:
        if self.carts:
            cart_id = data.draw(st.sampled_from(sorted(self.carts)))
            try:
                sold = self.shelf.run(
                    lambda tx: reservations.sell(
                        tx, cart_id, self.shelf.store.id, reference="c", now=self.now
                    )
                )
                assert sold == {self.sku: self.carts.pop(cart_id)}
                self.sold += sold[self.sku]
            except Refusal as no:
                self.expect(no, "reservation_expired")

    def expect(self, no: Refusal, *codes: str) -> None:
        assert no.code in codes

    @rule(minutes=st.integers(1, 20))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @invariant()
    def nothing_is_sold_twice(self) -> None:
        on_hand, reserved = self.shelf.counted(self.sku)
        assert self.sold + reserved + (on_hand - reserved) == self.received
        assert 0 <= reserved <= on_hand
        assert self.shelf.moved(self.sku) == on_hand
        assert on_hand - reserved <= self.shelf.available(self.sku, self.now) <= on_hand


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[Runner]:
    engine = engine_for(sqlite_url)
    yield Runner(engine)
    engine.dispose()


def test_sold_and_reserved_and_available_are_always_what_came_in(on_sqlite: Runner) -> None:
    OneProduct.shelf = Shelf(on_sqlite)
    run_state_machine_as_test(
        OneProduct,
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
