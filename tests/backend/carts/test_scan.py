"""A scan puts one piece into the shopper's one open cart of that store."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.carts import change
from backend.carts.tables import carts
from backend.errors import Refusal
from tests.backend.carts.trolley import LIFETIME, Trolley
from tests.backend.inventory.shelf import MINUTE, NOON, Shelf
from tests.statements import noted


def test_a_scan_shows_the_product_and_puts_one_piece_into_the_cart(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 10, price_minor=500)
    scanned = trolley.scan("MILK")
    assert scanned.line
    assert (scanned.line.sku, scanned.line.quantity, scanned.line.unit_price_minor) == ("MILK", 1, 500)
    assert (scanned.cart.total_minor, scanned.cart.vat_minor) == (500, 65)
    assert shelf.available("MILK") == 9


def test_the_same_product_again_makes_the_line_longer(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    shelf.put("RICE")
    cart = trolley.filled("MILK", "RICE", "MILK")
    assert sorted((line.sku, line.quantity) for line in cart.lines) == [("MILK", 2), ("RICE", 1)]
    assert cart.pieces == 3


def test_a_repeated_scan_changes_nothing(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    first = trolley.scan("MILK", scan_id="once")
    again = trolley.scan("MILK", scan_id="once", now=NOON + MINUTE)
    assert again.repeated
    assert (again.cart, again.line) == (first.cart, first.line)


def test_a_scan_that_was_refused_may_be_sent_again(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 1)
    other = Trolley(shelf)
    cart = other.filled("MILK")
    with pytest.raises(Refusal, match="out_of_stock"):
        trolley.scan("MILK", scan_id="once")
    assert trolley.current() is None
    other.change(change.empty, cart.id)
    assert not trolley.scan("MILK", scan_id="once").repeated


def test_each_scan_moves_the_time_of_the_whole_cart(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 1)
    shelf.put("RICE", 1)
    trolley.scan("MILK")
    cart = trolley.scan("RICE", now=NOON + 14 * MINUTE).cart
    assert cart.expires_at == NOON + 14 * MINUTE + LIFETIME
    with pytest.raises(Refusal, match="out_of_stock"):
        Trolley(shelf).scan("MILK", now=NOON + 20 * MINUTE)


def test_after_its_time_a_fresh_cart_begins_and_the_goods_are_free(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 1)
    shelf.put("RICE", 1)
    old = trolley.filled("MILK")
    later = NOON + 15 * MINUTE
    assert trolley.current(later) is None
    fresh = trolley.scan("RICE", now=later).cart
    assert fresh.id != old.id
    assert [line.sku for line in fresh.lines] == ["RICE"]
    assert shelf.counted("MILK") == (1, 0)
    state = shelf.run.read(
        lambda tx: tx.execute(select(carts.c.state).where(carts.c.id == old.id)).scalar_one()
    )
    assert state == "expired"


def test_her_own_expired_goods_never_refuse_a_shopper(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 1)
    trolley.scan("MILK")
    assert trolley.scan("MILK", now=NOON + 16 * MINUTE).cart.pieces == 1


def test_each_store_has_a_cart_of_its_own(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    first = trolley.filled("MILK")
    other = Shelf(shelf.run, "J1")
    other.numbers = shelf.numbers
    other.put("DATES")
    trolley.shelf = other
    assert trolley.filled("DATES").id != first.id


def test_a_line_holds_twenty_pieces(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 30)
    cart = trolley.filled("MILK")
    trolley.change(change.set_quantity, cart.id, cart.lines[0].id, quantity=20)
    with pytest.raises(Refusal, match="line_limit"):
        trolley.scan("MILK")
    assert shelf.counted("MILK") == (30, 20)


def test_a_cart_holds_a_hundred_pieces(shelf: Shelf, trolley: Trolley) -> None:
    for number in range(6):
        shelf.put(f"SKU-{number}", 30)
    for number in range(5):
        cart = trolley.scan(f"SKU-{number}").cart
        trolley.change(change.set_quantity, cart.id, cart.lines[-1].id, quantity=20)
    with pytest.raises(Refusal, match="pieces_limit"):
        trolley.scan("SKU-5")


def test_a_cart_holds_fifty_lines(shelf: Shelf, trolley: Trolley) -> None:
    for number in range(51):
        shelf.put(f"SKU-{number}", 5)
    trolley.filled(*(f"SKU-{number}" for number in range(50)))
    with pytest.raises(Refusal, match="cart_limit"):
        trolley.scan("SKU-50")
    assert trolley.scan("SKU-7").cart.pieces == 51


@pytest.mark.parametrize("others", [0, 1, 49])
def test_a_scan_takes_as_few_statements_into_a_full_cart_as_into_none(
    shelf: Shelf, trolley: Trolley, others: int
) -> None:
    for number in range(others):
        trolley.scan(shelf.put(f"BUN-{number}"))
    shelf.put("MILK")
    with noted(shelf.run.engine) as transactions:
        for _ in range(2):
            trolley.scan("MILK")
    scans = [statements for statements in transactions if len(statements) > 1]  # not the look at its number
    few = 3 if shelf.run.engine.dialect.name == "postgresql" else 4
    assert [len(statements) for statements in scans] == [few, few], scans


def test_what_a_scan_answers_is_the_cart_as_it_then_stands(shelf: Shelf, trolley: Trolley) -> None:
    for sku in ("MILK", "RICE"):
        shelf.put(sku, price_minor=3_33)
    for sku in ("MILK", "RICE", "MILK"):
        assert trolley.scan(sku).cart == trolley.current()
