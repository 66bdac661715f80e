"""Pieces held, given back and sold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from backend.db.transaction import Runner
from backend.errors import Refusal
from backend.inventory import reservations
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf


@pytest.fixture
def shelf(run: Runner) -> Shelf:
    return Shelf(run)


def a_reservation(
    shelf: Shelf, sku: str, quantity: int, *, cart_id: str | None = None, until: datetime = NOON + 15 * MINUTE
) -> str:
    line_id = IDS.uuid7()
    shelf.run(
        lambda tx: reservations.reserve(
            tx,
            line_id=line_id,
            cart_id=cart_id or IDS.uuid7(),
            store_id=shelf.store.id,
            sku=sku,
            quantity=quantity,
            expires_at=until,
            now=until - 15 * MINUTE,
        )
    )
    return line_id


def refused(act: Callable[[], Any]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def test_what_is_reserved_is_no_longer_available_but_still_on_the_shelf(shelf: Shelf) -> None:
    shelf.put("MILK", 10)
    a_reservation(shelf, "MILK", 4)
    assert shelf.available("MILK") == 6
    assert shelf.counted("MILK") == (10, 4)


def test_more_than_there_is_is_refused_with_what_is_left(shelf: Shelf) -> None:
    shelf.put("MILK", 3)
    a_reservation(shelf, "MILK", 2)
    no = refused(lambda: a_reservation(shelf, "MILK", 2))
    assert (no.code, no.facts) == ("out_of_stock", {"sku": "MILK", "available": 1})
    assert shelf.counted("MILK") == (3, 2)


def test_expired_pieces_can_be_had_by_the_next_without_any_sweep(shelf: Shelf) -> None:
    shelf.put("MILK", 2)
    a_reservation(shelf, "MILK", 2)
    later = NOON + 16 * MINUTE
    assert shelf.available("MILK", later) == 2
    a_reservation(shelf, "MILK", 1, until=later + 15 * MINUTE)
    assert shelf.counted("MILK") == (2, 1)


def test_a_reservation_lasts_up_to_its_minute(shelf: Shelf) -> None:
    shelf.put("MILK", 1)
    a_reservation(shelf, "MILK", 1)
    just_before = NOON + 15 * MINUTE - timedelta(milliseconds=1)
    no = refused(lambda: a_reservation(shelf, "MILK", 1, until=just_before + 15 * MINUTE))
    assert no.code == "out_of_stock"


def test_a_line_grows_and_shrinks_by_the_difference(shelf: Shelf) -> None:
    shelf.put("MILK", 5)
    line_id = a_reservation(shelf, "MILK", 2)
    for quantity in (5, 1):
        shelf.run(lambda tx, q=quantity: reservations.resize(tx, line_id=line_id, quantity=q, now=NOON))
        assert shelf.counted("MILK") == (5, quantity)
    no = refused(lambda: shelf.run(lambda tx: reservations.resize(tx, line_id=line_id, quantity=6, now=NOON)))
    assert (no.code, no.facts["available"]) == ("out_of_stock", 4)


def test_pieces_are_given_back_once(shelf: Shelf) -> None:
    shelf.put("MILK", 5)
    line_id = a_reservation(shelf, "MILK", 2)
    assert [shelf.run(lambda tx: reservations.release(tx, line_id)) for _ in range(2)] == [2, 0]
    assert shelf.counted("MILK") == (5, 0)


def test_a_sale_takes_all_lines_off_the_shelf_in_one_statement(shelf: Shelf) -> None:
    cart_id = IDS.uuid7()
    for sku, quantity in (("RICE", 2), ("MILK", 3), ("TEA", 1)):
        shelf.put(sku, 10)
        a_reservation(shelf, sku, quantity, cart_id=cart_id)
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
    cart_id = IDS.uuid7()
    a_reservation(shelf, "MILK", 2, cart_id=cart_id)
    no = refused(
        lambda: shelf.run(
            lambda tx: reservations.sell(tx, cart_id, shelf.store.id, reference="checkout", now=NOON + delay)
        )
    )
    assert no.code == "reservation_expired"
    assert shelf.counted("MILK") == (5, 2)


def test_a_cart_is_sold_once(shelf: Shelf) -> None:
    shelf.put("MILK", 5)
    cart_id = IDS.uuid7()
    a_reservation(shelf, "MILK", 2, cart_id=cart_id)

    def pay() -> dict[str, int]:
        return shelf.run(lambda tx: reservations.sell(tx, cart_id, shelf.store.id, reference="c", now=NOON))

    pay()
    assert refused(pay).code == "reservation_expired"
    assert shelf.counted("MILK") == (3, 0)


def test_held_reservations_outlive_their_first_time(shelf: Shelf) -> None:
    shelf.put("MILK", 1)
    cart_id = IDS.uuid7()
    a_reservation(shelf, "MILK", 1, cart_id=cart_id)
    assert shelf.run(lambda tx: reservations.hold(tx, cart_id, NOON + 20 * MINUTE)) == 1
    no = refused(lambda: a_reservation(shelf, "MILK", 1, until=NOON + 31 * MINUTE))
    assert no.code == "out_of_stock"
