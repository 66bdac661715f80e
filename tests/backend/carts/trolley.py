"""A shopper at a shelf: the cart's use cases with the usual arguments filled in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend.carts import cart, change, freeze, prices
from backend.carts.cart import Cart
from backend.carts.scan import Scan, Scanned, scan
from backend.inventory.resolve_label import Named
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf, a_shopper

LIFETIME = 15 * MINUTE


class Trolley:
    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.run = shelf.run
        self.shopper_id = a_shopper(shelf.run)

    def scan(self, sku: str, *, scan_id: str | None = None, now: datetime = NOON) -> Scanned:
        named = Named(self.shelf.store.code, self.shelf.gtin(sku))
        asked = Scan(self.shopper_id, scan_id or IDS.token(), named)
        return self.run(lambda tx: scan(tx, asked, lifetime=LIFETIME, ids=IDS, now=now))

    def filled(self, *skus: str) -> Cart:
        return [self.scan(sku) for sku in skus][-1].cart

    def current(self, now: datetime = NOON) -> Cart | None:
        return self.run.read(lambda tx: cart.current(tx, self.shopper_id, self.shelf.store.code, now=now))

    def change(self, act: Any, cart_id: str, *line: str, now: datetime = NOON, **given: Any) -> Cart:
        if act is change.extend:
            given["lifetime"] = LIFETIME
        return self.run(lambda tx: act(tx, cart_id, *line, shopper_id=self.shopper_id, now=now, **given))

    def accept_prices(self, cart_id: str) -> Cart:
        return self.change(prices.accept_prices, cart_id)

    def freeze(self, cart_id: str, *, now: datetime = NOON) -> Cart:
        until = now + 5 * MINUTE
        return self.run(lambda tx: freeze.freeze(tx, cart_id, self.shopper_id, until=until, now=now))[0]

    def thaw(self, cart_id: str, *, now: datetime = NOON) -> bool:
        return self.run(lambda tx: freeze.thaw(tx, cart_id, until=now + LIFETIME, now=now))
