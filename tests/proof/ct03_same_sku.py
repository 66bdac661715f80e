"""CT3: one product scanned again and again, alone and as a part of a bundle, in two stores: what counts is the sum.

A cart has one line for a product, however it came in, so no two lines can be checked apart: the table refuses it.
"""

from __future__ import annotations

import random
from collections import Counter

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from backend.inventory import stock
from backend.inventory.stock import Delivery
from backend.inventory.tables import stock as stock_rows
from backend.operations.shopper_device import Reply
from backend.orders.tables import order_lines, orders
from catalogue.labels import sign_label
from tests.proof.counter import Desk
from tests.proof.fleet import Fleet, Good
from tests.proof.load import clients, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

STORES = ("R1", "J1")
PRICE_MINOR, MATE_MINOR = 1_00, 3_00
BUNDLE_MINOR = 4_00  # two pieces and a mate
AGAIN = text(
    "INSERT INTO cart_lines (id, cart_id, sku, quantity, unit_price_minor, vat_rate_bp) "
    "SELECT :id, cart_id, sku, 1, unit_price_minor, vat_rate_bp FROM cart_lines WHERE sku = :sku LIMIT 1"
)
Shelves = dict[str, Good]  # by store


@proof("CT3", "Same sku many times", sabotage="unconditional_take")
def ct3(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    pieces, threads, rounds = size.of(12, 300), size.of(8, 32), size.of(2, 20)
    same = on_two_shelves(fleet, "SAME", pieces, PRICE_MINOR)
    mate = on_two_shelves(fleet, "MATE", 100_000, MATE_MINOR)
    sku = same[STORES[0]].sku
    bundle = {"kind": "bundle", "bundle": {sku: 2, mate[STORES[0]].sku: 1}, "amount_minor": BUNDLE_MINOR}
    Desk(fleet, "administrator").promote(bundle)
    buyers = fleet.shoppers(threads)

    def shop(client: int) -> Counter[str]:
        chance, told = random.Random(seed + client), Counter[str]()
        for _ in range(rounds):
            code = chance.choice(STORES)
            told[said(buy(found, buyers[client], same[code], mate[code], chance))] += 1
        return told

    with clients(threads) as some:
        told = sum(some.at_once(shop), Counter[str]())
    odd = {answer: times for answer, times in told.items() if answer not in ("201", "409 out_of_stock")}
    found.demand(not odd, f"answers {odd}")
    refused_twice_in_a_cart(fleet, found, sku)
    figures = [sums(fleet, found, code, sku, pieces) for code in STORES]
    found.n = threads * rounds
    found.figure = f"{told['201']} carts of up to 3 pieces of one product, bundled or not; " + "; ".join(
        figures
    )
    return found


def on_two_shelves(fleet: Fleet, name: str, pieces: int, price_minor: int) -> Shelves:
    good, at = fleet.stock(name, pieces, price_minor=price_minor), fleet.services
    here, there = (fleet.store(code) for code in STORES)
    delivery = Delivery(there.store.id, good.sku, pieces)
    at.run(lambda tx: stock.receive(tx, [delivery], reference="proof", ids=at.ids, now=at.clock.now()))
    there.price(good.sku, price_minor, since=at.clock.now())
    host, key = fleet.settings.public_host, at.label_key
    label = sign_label(here.gtin(good.sku), STORES[1], host=host, key=key)
    return {STORES[0]: good, STORES[1]: Good(good.sku, label)}


def buy(found: Found, buyer: Buyer, same: Good, mate: Good, chance: random.Random) -> Reply:
    """Up to three scans of the product, as many as are to be had, and its mate; paid together."""
    scans = [buyer.put(same.label) for _ in range(chance.randint(1, 3))]
    got = [scan for scan in scans if scan.status == 201]
    if not got:
        return scans[-1]
    buyer.put(mate.label)
    paid = buyer.buy(got[0].json["cart"]["id"])
    if paid.status == 201:
        alone_minor = len(got) * PRICE_MINOR + MATE_MINOR
        saved_minor = 2 * PRICE_MINOR + MATE_MINOR - BUNDLE_MINOR if len(got) >= 2 else 0
        total = paid.json["order"]["total_minor"]
        found.demand(total == alone_minor - saved_minor, f"{len(got)} pieces and a mate cost {total}")
    return paid


def refused_twice_in_a_cart(fleet: Fleet, found: Found, sku: str) -> None:
    row = {"id": fleet.services.ids.uuid7().replace("-", ""), "sku": sku}
    try:
        fleet.services.run(lambda tx: tx.execute(AGAIN, row))
    except IntegrityError:
        return
    found.demand(False, "a cart has two lines of one product")


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
