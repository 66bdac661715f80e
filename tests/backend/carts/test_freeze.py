"""A checkout takes the cart as the shopper saw it, or not at all."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from backend.carts import change, expiry
from backend.db import outbox
from backend.errors import Refusal
from backend.inventory import reservations
from backend.inventory.tables import products
from tests.backend.carts.test_parallel_scans import at_once
from tests.backend.carts.trolley import LIFETIME, Trolley
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf


def test_a_frozen_cart_holds_its_goods_for_the_checkout(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 1)
    cart = trolley.filled("MILK")
    frozen = trolley.freeze(cart.id, now=NOON + 14 * MINUTE)
    assert (frozen.state, frozen.hash, frozen.expires_at) == ("frozen", cart.hash, NOON + 19 * MINUTE)
    with pytest.raises(Refusal, match="out_of_stock"):
        Trolley(shelf).scan("MILK", now=NOON + 18 * MINUTE)


def test_a_price_that_rose_asks_for_a_new_look(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", price_minor=500)
    cart = trolley.filled("MILK")
    shelf.price("MILK", 600, since=NOON - MINUTE)
    with pytest.raises(Refusal) as caught:
        trolley.freeze(cart.id)
    line = cart.lines[0]
    risen = {"line_id": line.id, "sku": "MILK", "unit_price_minor": 500, "current_price_minor": 600}
    assert (caught.value.code, caught.value.facts) == ("cart_changed", {"changes": [risen]})
    assert trolley.current().state == "open"
    assert trolley.accept_prices(cart.id).total_minor == 600
    assert trolley.freeze(cart.id).total_minor == 600


def test_a_price_that_fell_passes_on(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", price_minor=500)
    cart = trolley.filled("MILK", "MILK")
    shelf.price("MILK", 400, since=NOON - MINUTE)
    frozen = trolley.freeze(cart.id)
    assert (frozen.total_minor, frozen.vat_minor) == (800, 104)
    assert frozen.hash != cart.hash


def test_after_the_freeze_prices_stand_still(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", price_minor=500)
    frozen = trolley.freeze(trolley.filled("MILK").id)
    shelf.price("MILK", 100, since=NOON - MINUTE)
    assert trolley.current().hash == frozen.hash


def test_what_is_no_longer_sold_must_be_taken_out(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    shelf.put("RICE")
    cart = trolley.filled("MILK", "RICE")
    shelf.run(lambda tx: tx.execute(update(products).where(products.c.sku == "MILK").values(active=False)))
    with pytest.raises(Refusal, match="cart_changed") as caught:
        trolley.freeze(cart.id)
    gone = caught.value.facts["changes"][0]
    assert (gone["sku"], gone["current_price_minor"]) == ("MILK", None)
    trolley.change(change.remove, cart.id, gone["line_id"])
    assert trolley.freeze(cart.id).pieces == 1


def test_an_empty_or_expired_cart_is_not_frozen(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    cart = trolley.filled("MILK")
    with pytest.raises(Refusal, match="cart_expired"):
        trolley.freeze(cart.id, now=NOON + 15 * MINUTE)
    trolley.change(change.empty, cart.id)
    with pytest.raises(Refusal, match="cart_empty"):
        trolley.freeze(cart.id)


def test_after_a_cancelled_checkout_the_cart_goes_on(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    cart = trolley.freeze(trolley.filled("MILK").id)
    assert trolley.thaw(cart.id, now=NOON + 4 * MINUTE)
    again = trolley.scan("MILK", now=NOON + 5 * MINUTE).cart
    assert (again.id, again.state, again.pieces) == (cart.id, "open", 2)
    assert again.expires_at == NOON + 5 * MINUTE + LIFETIME


def test_a_checkout_that_ran_out_gives_its_goods_back(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 1)
    cart = trolley.freeze(trolley.filled("MILK").id)
    fresh = Trolley(shelf).scan("MILK", now=NOON + 16 * MINUTE)
    assert fresh.cart.pieces == 1
    assert not trolley.thaw(cart.id, now=NOON + 16 * MINUTE)
    assert shelf.counted("MILK") == (1, 1)


def test_after_a_payment_the_next_scan_begins_a_fresh_cart(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    paid = trolley.freeze(trolley.filled("MILK").id)
    shelf.run(lambda tx: reservations.sell(tx, paid.id, shelf.store.id, reference="c", now=NOON))
    assert trolley.current() is None
    assert trolley.scan("MILK").cart.id != paid.id
    assert shelf.counted("MILK") == (4, 1)


def test_a_cart_is_frozen_once_however_many_ask(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK")
    cart = trolley.filled("MILK")
    assert at_once([lambda: trolley.freeze(cart.id)] * 8) == {"done": 1, "cart_frozen": 7}


def test_the_sweep_puts_expired_carts_away_and_leaves_paid_ones(shelf: Shelf, trolley: Trolley) -> None:
    shelf.put("MILK", 5)
    paid = trolley.freeze(trolley.filled("MILK").id)
    shelf.run(lambda tx: reservations.sell(tx, paid.id, shelf.store.id, reference="c", now=NOON))
    other = Trolley(shelf)
    other.scan("MILK")
    third = Trolley(shelf)
    third.freeze(third.filled("MILK").id)
    late = NOON + 30 * MINUTE
    swept = [shelf.run(lambda tx: expiry.expire_due(tx, ids=IDS, now=late)) for _ in range(2)]
    assert swept == [2, 0]
    assert shelf.counted("MILK") == (4, 0)
    told = shelf.run(lambda tx: outbox.claim(tx, now=late))
    assert {one.happening.shopper_id for one in told} == {other.shopper_id, third.shopper_id}
