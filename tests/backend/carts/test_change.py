"""Changing, emptying and prolonging an open cart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from backend.carts import change, prices
from backend.errors import Refusal
from tests.backend.carts.trolley import LIFETIME, Trolley
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf


def test_the_quantity_of_a_line_moves_the_reservation_with_it(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    cart = trolley.filled("MILK")
    for quantity in (5, 2):
        cart = trolley.change(change.set_quantity, cart.id, cart.lines[0].id, quantity=quantity)
        assert (cart.pieces, shelf.counted("MILK")) == (quantity, (5, quantity))


def test_more_than_the_shelf_has_leaves_the_line_as_it_was(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    cart = trolley.filled("MILK")
    with pytest.raises(Refusal, match="out_of_stock"):
        trolley.change(change.set_quantity, cart.id, cart.lines[0].id, quantity=6)
    assert trolley.current() == cart


def test_a_removed_line_gives_its_pieces_back(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    shelf.put("RICE", 5)
    cart = trolley.filled("MILK", "RICE")
    cart = trolley.change(change.remove, cart.id, cart.lines[0].id)
    assert [line.sku for line in cart.lines] == ["RICE"]
    assert shelf.counted("MILK") == (5, 0)
    assert trolley.scan("MILK").cart.pieces == 2


def test_an_emptied_cart_holds_nothing_and_stays_open(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    shelf.put("RICE", 5)
    cart = trolley.change(change.empty, trolley.filled("MILK", "RICE").id)
    assert (cart.state, cart.lines, cart.total_minor) == ("open", (), 0)
    assert (shelf.counted("MILK"), shelf.counted("RICE")) == ((5, 0), (5, 0))


def test_ten_taps_prolong_a_cart_and_the_eleventh_does_not(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 1)
    cart = trolley.filled("MILK")
    for tap in range(1, 11):
        cart = trolley.change(change.extend, cart.id, now=NOON + tap * 10 * MINUTE)
    assert (cart.extensions, cart.expires_at) == (10, NOON + 100 * MINUTE + LIFETIME)
    assert shelf.available("MILK", NOON + 110 * MINUTE) == 0
    with pytest.raises(Refusal, match="extension_limit"):
        trolley.change(change.extend, cart.id, now=NOON + 101 * MINUTE)


CHANGES: list[Callable[[Trolley, str, str], Any]] = [
    lambda t, c, line: t.change(change.set_quantity, c, line, quantity=2),
    lambda t, c, line: t.change(change.remove, c, line),
    lambda t, c, _: t.change(change.empty, c),
    lambda t, c, _: t.change(change.extend, c),
    lambda t, c, _: t.change(prices.accept_prices, c),
    lambda t, c, _: t.freeze(c),
]


def test_another_shoppers_cart_is_not_there(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    cart = trolley.filled("MILK")
    for act, cart_id in product(CHANGES, (cart.id, IDS.uuid7())):
        with pytest.raises(Refusal, match="cart_not_found"):
            act(Trolley(shelf), cart_id, cart.lines[0].id)
    assert trolley.current() == cart


def test_while_a_checkout_decides_nothing_changes(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    cart = trolley.freeze(trolley.filled("MILK").id)
    for act in CHANGES:
        with pytest.raises(Refusal, match="cart_frozen"):
            act(trolley, cart.id, cart.lines[0].id)
    with pytest.raises(Refusal, match="cart_frozen"):
        trolley.scan("MILK")
    assert trolley.current() == cart


def test_an_expired_cart_is_not_changed_any_more(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    cart = trolley.filled("MILK")
    late = NOON + 15 * MINUTE
    for act, line, given in (
        (change.set_quantity, [cart.lines[0].id], {"quantity": 2}),
        (change.extend, [], {}),
        (change.empty, [], {}),
    ):
        with pytest.raises(Refusal, match="cart_expired"):
            trolley.change(act, cart.id, *line, now=late, **given)


def test_a_line_that_is_not_in_the_cart_is_not_found(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    theirs = Trolley(shelf).filled("MILK").lines[0].id
    cart = trolley.filled("MILK")
    for act, given in ((change.remove, {}), (change.set_quantity, {"quantity": 2})):
        with pytest.raises(Refusal, match="line_not_found"):
            trolley.change(act, cart.id, theirs, **given)
