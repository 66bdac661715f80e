"""What the shop keeps short, keeps from minors, or has withdrawn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from backend.carts import change
from backend.errors import Refusal
from backend.inventory import reservations
from backend.inventory.tables import products, stores
from tests.backend.carts.trolley import Trolley
from tests.backend.inventory.shelf import NOON, Shelf


def restrict(shelf: Shelf, sku: str, **limits: object) -> None:
    shelf.put(sku)
    shelf.run(lambda tx: tx.execute(update(products).where(products.c.sku == sku).values(limits)))


def refused(act: object) -> tuple[str, object]:
    with pytest.raises(Refusal) as no:
        act()  # type: ignore[operator]
    return no.value.code, no.value.facts.get("per")


def test_a_cart_holds_no_more_than_its_limit_however_it_is_asked(shelf: Shelf, trolley: Trolley) -> None:
    restrict(shelf, "MILK", cart_max=2)
    cart = trolley.filled("MILK", "MILK")
    assert refused(lambda: trolley.scan("MILK")) == ("product_limit", "cart")
    line = cart.lines[0].id
    assert refused(lambda: trolley.change(change.set_quantity, cart.id, line, quantity=3)) == (
        "product_limit",
        "cart",
    )
    assert trolley.change(change.set_quantity, cart.id, line, quantity=1).pieces == 1


def test_what_was_bought_today_counts_in_every_store(shelf: Shelf, trolley: Trolley) -> None:
    restrict(shelf, "MILK", day_max=2)
    cart = trolley.filled("MILK", "MILK")
    trolley.freeze(cart.id)
    shelf.run(lambda tx: reservations.sell(tx, cart.id, shelf.store.id, reference="c", now=NOON))
    assert refused(lambda: trolley.scan("MILK")) == ("product_limit", "day")
    assert Trolley(shelf).scan("MILK").cart.pieces == 1
    assert trolley.scan("MILK", now=NOON + timedelta(hours=25)).cart.pieces == 1


def test_a_store_may_sell_nothing_that_has_an_age_limit(shelf: Shelf, trolley: Trolley) -> None:
    restrict(shelf, "KNIFE", age_min=18)
    assert trolley.scan("KNIFE").cart.lines[0].age_min == 18
    shelf.run(lambda tx: tx.execute(update(stores).values(age_mode="refuse")))
    with pytest.raises(Refusal, match="age_restricted"):
        trolley.scan("KNIFE")


def test_a_withdrawn_product_cannot_be_scanned(shelf: Shelf, trolley: Trolley) -> None:
    restrict(shelf, "MILK", active=False)
    with pytest.raises(Refusal, match="product_withdrawn"):
        trolley.scan("MILK")
