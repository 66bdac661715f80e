"""CT1: many clients after few pieces, while staff take in and count: nothing is sold that is not there."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import suppress

from sqlalchemy import func, select

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import stock
from backend.inventory.stock import Delivery
from backend.inventory.tables import stock as stock_rows
from backend.inventory.tables import stock_movements
from backend.orders.tables import order_lines
from tests.proof.fleet import Fleet, Good
from tests.proof.load import Clients, clients, meanwhile, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

PAUSE_S = 0.05  # between two acts of the staff


@proof("CT1", "Oversell, one sku", sabotage="unconditional_take")
def ct1(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    dates, last = fleet.stock("DATES", size.of(5, 100)), fleet.stock("LAST", 0)
    buyers = fleet.shoppers(size.of(32, 500))
    attempts, rounds = size.of(48, 5_000), size.of(3, 200)
    with clients(size.of(16, 64)) as some:
        with meanwhile(Floor(fleet, dates.sku, seed).act):
            rush(found, some, buyers, dates.label, attempts=attempts, seed=seed)
        for number in range(rounds):
            last_unit(fleet, found, some, buyers, last, number)
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    found.n = attempts + rounds * some.threads
    found.figure = (
        nothing_lost(fleet, found, dates.sku) + f"; {rounds} last pieces, {some.threads} clients each"
    )
    return found


class Floor:
    """Staff who take in and count the same product while it sells."""

    def __init__(self, fleet: Fleet, sku: str, seed: int) -> None:
        self.sku = sku
        self.at, self.store_id = fleet.services, fleet.store().store.id
        self.random = random.Random(seed)

    def act(self) -> None:
        act = self.receive if self.random.random() < 0.5 else self.count
        with suppress(Refusal):  # a count below what shoppers hold is refused
            self.at.run(act)
        time.sleep(PAUSE_S)

    def receive(self, tx: Transaction) -> None:
        delivery = Delivery(self.store_id, self.sku, self.random.randint(0, 2))
        stock.receive(tx, [delivery], reference="proof", ids=self.at.ids, now=self.at.clock.now())

    def count(self, tx: Transaction) -> None:
        this = select(stock_rows.c.on_hand).where(
            stock_rows.c.store_id == self.store_id, stock_rows.c.sku == self.sku
        )
        counted = max(0, tx.execute(this).scalar_one() + self.random.choice((-1, 0, 1)))
        now = self.at.clock.now()
        stock.count(tx, self.store_id, self.sku, counted=counted, reference="proof", ids=self.at.ids, now=now)


def rush(found: Found, some: Clients, buyers: list[Buyer], label: str, *, attempts: int, seed: int) -> None:
    """Scans of one to three pieces; who gets some pays at once. A shopper has one client."""

    def shop(number: int) -> None:
        chance = random.Random(seed + number)
        mine = buyers[number :: some.threads]
        for _ in range(attempts // some.threads):
            buyer = chance.choice(mine)
            scanned = buyer.put(label, chance.randint(1, 3))
            if (
                scanned.code == "out_of_stock"
            ):  # of the first piece, or of the second: then one is in the cart
                current = buyer.call("GET", "/v1/carts/current?store=R1").json["cart"]
                if not current or not current["lines"]:
                    continue
                cart_id = current["id"]
            else:
                found.demand(scanned.status in (200, 201), f"a scan was answered {said(scanned)}")
                cart_id = scanned.json.get("cart", scanned.json)["id"]
            paid = buyer.buy(cart_id)
            found.demand(paid.status == 201, f"who has the pieces could not pay: {said(paid)}")

    some.at_once(shop)


def last_unit(
    fleet: Fleet, found: Found, some: Clients, buyers: list[Buyer], last: Good, number: int
) -> None:
    """One piece, a barrier: one order, all others hear out_of_stock."""
    at, delivery = fleet.services, Delivery(fleet.store().store.id, last.sku, 1)
    at.run(lambda tx: stock.receive(tx, [delivery], reference="proof", ids=at.ids, now=at.clock.now()))

    def grab(client: int) -> str:
        buyer = buyers[(number + client) % len(buyers)]
        scanned = buyer.put(last.label)
        if scanned.status != 201:
            return str(scanned.code)
        return str(buyer.buy(scanned.json["cart"]["id"]).status)

    answers = Counter(some.at_once(grab))
    wanted = {"201": 1, "out_of_stock": some.threads - 1}
    found.demand(answers == wanted, f"one piece, {some.threads} clients: {dict(answers)}")


def nothing_lost(fleet: Fleet, found: Found, sku: str) -> str:
    """Sold by the orders' lines, moved by the movements, left on the shelf: one sum."""
    moved = select(stock_movements.c.reason, func.sum(stock_movements.c.delta)).where(
        stock_movements.c.sku == sku
    )
    with fleet.engine.connect() as tx:
        by_reason = {
            reason: int(sum_) for reason, sum_ in tx.execute(moved.group_by(stock_movements.c.reason))
        }
        ordered = select(func.coalesce(func.sum(order_lines.c.quantity), 0))
        sold = int(tx.execute(ordered.where(order_lines.c.sku == sku)).scalar_one())
        left = tx.execute(select(stock_rows.c.on_hand).where(stock_rows.c.sku == sku)).scalar_one()
    received = sum(delta for reason, delta in by_reason.items() if reason != "sold")
    found.demand(left >= 0, f"{left} pieces left")
    found.demand(sold + left == received, f"{received} received, {sold} sold, {left} left")
    return f"{received} received = {sold} sold + {left} left"
