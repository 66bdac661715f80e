"""Pieces held, given back and sold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from backend.carts.cart import CartLine
from backend.db.transaction import Runner
from backend.errors import Refusal
from backend.inventory import reservations
from tests.backend.carts.trolley import Trolley
from tests.backend.inventory.shelf import MINUTE, NOON, Shelf


@pytest.fixture
def shelf(run: Runner) -> Shelf:
    return Shelf(run)


def held(trolley: Trolley, sku: str, pieces: int = 1, *, now: datetime = NOON) -> CartLine:
    """In the trolley's cart, from now on for 15 minutes."""
    scanned = [trolley.scan(sku, now=now) for _ in range(pieces)][-1]
    assert scanned.line is not None
    return scanned.line


def refused(act: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def test_what_is_reserved_is_no_longer_available_but_still_on_the_shelf(shelf: Shelf) -> None:
    shelf.put("MILK", 10)
    held(Trolley(shelf), "MILK", 4)
    assert shelf.available("MILK") == 6
    assert shelf.counted("MILK") == (10, 4)


def test_more_than_there_is_is_refused_with_what_is_left(shelf: Shelf) -> None:
    shelf.put("MILK", 3)
    held(Trolley(shelf), "MILK", 2)
    line = held(Trolley(shelf), "MILK")
    no = refused(lambda: held(Trolley(shelf), "MILK"))
    assert (no.code, no.facts) == ("out_of_stock", {"sku": "MILK", "available": 0})
    shelf.run(lambda tx: reservations.release(tx, line.id))
    held(Trolley(shelf), "MILK")
    assert shelf.counted("MILK") == (3, 3)


def test_expired_pieces_can_be_had_by_the_next_without_any_sweep(shelf: Shelf) -> None:
    shelf.put("MILK", 2)
    held(Trolley(shelf), "MILK", 2)
    later = NOON + 16 * MINUTE
    assert shelf.available("MILK", later) == 2
    held(Trolley(shelf), "MILK", now=later)
    assert shelf.counted("MILK") == (2, 1)


def test_a_reservation_lasts_up_to_its_minute(shelf: Shelf) -> None:
    shelf.put("MILK", 1)
    held(Trolley(shelf), "MILK")
    just_before = NOON + 15 * MINUTE - timedelta(milliseconds=1)
    assert refused(lambda: held(Trolley(shelf), "MILK", now=just_before)).code == "out_of_stock"


def test_a_line_grows_and_shrinks_by_the_difference(shelf: Shelf) -> None:
    shelf.put("MILK", 5)
    line_id = held(Trolley(shelf), "MILK", 2).id
    for quantity in (5, 1):
        shelf.run(lambda tx, q=quantity: reservations.resize(tx, line_id=line_id, quantity=q, now=NOON))
        assert shelf.counted("MILK") == (5, quantity)
    no = refused(lambda: shelf.run(lambda tx: reservations.resize(tx, line_id=line_id, quantity=6, now=NOON)))
    assert (no.code, no.facts["available"]) == ("out_of_stock", 4)


def test_pieces_are_given_back_once(shelf: Shelf) -> None:
    shelf.put("MILK", 5)
    line_id = held(Trolley(shelf), "MILK", 2).id
    assert [shelf.run(lambda tx: reservations.release(tx, line_id)) for _ in range(2)] == [2, 0]
    assert shelf.counted("MILK") == (5, 0)


def test_a_sale_takes_all_lines_off_the_shelf_in_one_statement(shelf: Shelf) -> None:
    trolley = Trolley(shelf)
    for sku, pieces in (("RICE", 2), ("MILK", 3), ("TEA", 1)):
        shelf.put(sku, 10)
        cart_id = trolley.filled(*[sku] * pieces).id
    statements: list[str] = []
    note = lambda *call: statements.append(call[2])  # noqa: E731 - SQLAlchemy passes six arguments
    event.listen(shelf.run.engine, "before_cursor_execute", note)
    sold = shelf.run(
        lambda tx: reservations.sell(tx, cart_id, shelf.store.id, reference="checkout", now=NOON)
    )
    event.remove(shelf.run.engine, "before_cursor_execute", note)
    assert sold == {"RICE": 2, "MILK": 3, "TEA": 1}
    assert shelf.counted("MILK") == (7, 0)
    assert shelf.moved("MILK") == 7
    assert len([s for s in statements if not s.startswith("BEGIN")]) == 1


@pytest.mark.parametrize("delay", [15 * MINUTE, 16 * MINUTE])
def test_expired_goods_are_not_sold(shelf: Shelf, delay: timedelta) -> None:
    shelf.put("MILK", 5)
    cart_id = Trolley(shelf).filled("MILK", "MILK").id
    no = refused(
        lambda: shelf.run(
            lambda tx: reservations.sell(tx, cart_id, shelf.store.id, reference="checkout", now=NOON + delay)
        )
    )
    assert no.code == "reservation_expired"
    assert shelf.counted("MILK") == (5, 2)


def test_a_cart_is_sold_once(shelf: Shelf) -> None:
    shelf.put("MILK", 5)
    cart_id = Trolley(shelf).filled("MILK", "MILK").id

    def pay() -> dict[str, int]:
        return shelf.run(lambda tx: reservations.sell(tx, cart_id, shelf.store.id, reference="c", now=NOON))

    pay()
    assert refused(pay).code == "reservation_expired"
    assert shelf.counted("MILK") == (3, 0)


def test_held_reservations_outlive_their_first_time(shelf: Shelf) -> None:
    shelf.put("MILK", 1)
    cart_id = Trolley(shelf).filled("MILK").id
    assert shelf.run(lambda tx: reservations.hold(tx, cart_id, NOON + 20 * MINUTE)) == 1
    assert refused(lambda: held(Trolley(shelf), "MILK", now=NOON + 16 * MINUTE)).code == "out_of_stock"
