"""CT3: one product on several lines of a cart, in two stores: what counts is the sum.

A line that came in a bundle has the bundle's name. It is written here as a bundle would write it, beside the line
that the shopper scanned.
"""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import func, insert, select

from backend.carts.tables import cart_lines
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations, stock
from backend.inventory.stock import Delivery
from backend.inventory.tables import stock as stock_rows
from backend.operations.shopper_device import Reply
from backend.orders.tables import order_lines, orders
from catalogue.labels import sign_label
from tests.proof.fleet import Fleet
from tests.proof.load import clients, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

STORES = ("R1", "J1")
PRICE_MINOR = 1_00
BUNDLES = ("BOX", "BASKET")


@proof("CT3", "Same sku many times", sabotage="unconditional_take")
def ct3(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    pieces, threads, rounds = size.of(12, 300), size.of(8, 32), size.of(2, 20)
    labels, sku = on_two_shelves(fleet, pieces)
    buyers = fleet.shoppers(threads)

    def shop(client: int) -> Counter[str]:
        chance, told = random.Random(seed + client), Counter[str]()
        for _ in range(rounds):
            code = chance.choice(STORES)
            told[said(buy(fleet, buyers[client], labels[code], sku, chance))] += 1
        return told

    with clients(threads) as some:
        told = sum(some.at_once(shop), Counter[str]())
    odd = {answer: times for answer, times in told.items() if answer not in ("201", "409 out_of_stock")}
    found.demand(not odd, f"answers {odd}")
    figures = [sums(fleet, found, code, sku, pieces) for code in STORES]
    found.n = threads * rounds
    found.figure = f"{told['201']} carts of up to 3 lines of one product paid; " + "; ".join(figures)
    return found


def on_two_shelves(fleet: Fleet, pieces: int) -> tuple[dict[str, str], str]:
    """Labels by store, and the sku."""
    good, first = fleet.stock("SAME", pieces, price_minor=PRICE_MINOR), fleet.store(STORES[0])
    other, at = fleet.store(STORES[1]), fleet.services
    delivery = Delivery(other.store.id, good.sku, pieces)
    at.run(lambda tx: stock.receive(tx, [delivery], reference="proof", ids=at.ids, now=at.clock.now()))
    other.price(good.sku, PRICE_MINOR, since=at.clock.now())
    host, key = fleet.settings.public_host, at.label_key
    label = sign_label(first.gtin(good.sku), STORES[1], host=host, key=key)
    return {STORES[0]: good.label, STORES[1]: label}, good.sku


def buy(fleet: Fleet, buyer: Buyer, label: str, sku: str, chance: random.Random) -> Reply:
    """A scanned line and up to two from bundles, paid together; a line that is not to be had stays out."""
    scanned = buyer.put(label)
    if scanned.status != 201:
        return scanned
    cart = scanned.json["cart"]
    for bundle in BUNDLES[: chance.randint(0, len(BUNDLES))]:
        with suppress(Refusal):
            fleet.services.run(partial(add_from_bundle, fleet, cart, sku, bundle, chance.randint(1, 2)))
    return buyer.buy(cart["id"])


def add_from_bundle(
    fleet: Fleet, cart: dict[str, Any], sku: str, bundle: str, pieces: int, tx: Transaction
) -> None:
    at = fleet.services
    line_id, store_id = at.ids.uuid7(), fleet.store(cart["store"]).store.id
    reservations.reserve(
        tx,
        line_id=line_id,
        cart_id=cart["id"],
        store_id=store_id,
        sku=sku,
        quantity=pieces,
        expires_at=datetime.fromisoformat(cart["expires_at"]),
        now=at.clock.now(),
    )
    tx.execute(
        insert(cart_lines).values(
            id=line_id,
            cart_id=cart["id"],
            sku=sku,
            quantity=pieces,
            unit_price_minor=PRICE_MINOR,
            vat_rate_bp=1500,
            bundle_sku=bundle,
        )
    )


def sums(fleet: Fleet, found: Found, code: str, sku: str, received: int) -> str:
    store_id = fleet.store(code).store.id
    ordered = (
        select(func.coalesce(func.sum(order_lines.c.quantity), 0))
        .join(orders, orders.c.id == order_lines.c.order_id)
        .where(orders.c.store_id == store_id, order_lines.c.sku == sku)
    )
    shelf = select(stock_rows.c.on_hand).where(stock_rows.c.store_id == store_id, stock_rows.c.sku == sku)
    with fleet.engine.connect() as tx:
        sold, left = int(tx.execute(ordered).scalar_one()), tx.execute(shelf).scalar_one()
    found.demand(left >= 0, f"{code}: {left} pieces left")
    found.demand(sold + left == received, f"{code}: {received} received, {sold} sold, {left} left")
    return f"{code} {received} = {sold} sold + {left} left"
