"""CT11: receipts of a store are 1, 2, 3 …, whatever else rolls back, over all nodes."""

from __future__ import annotations

import random
from contextlib import suppress

from sqlalchemy import text

from backend.db.events import next_numbers
from backend.db.transaction import Transaction
from tests.proof.fleet import Fleet, Good
from tests.proof.load import clients, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

STORES = ("R1", "J1", "D1")
LOST_SHARE = 0.2


class Lost(Exception):
    """The transaction ends after its number was drawn."""


@proof("CT11", "Receipt numbers", sabotage="skipped_numbers")
def ct11(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    receipts, threads = size.of(24, 3_000), size.of(8, 64)
    goods = {store: fleet.stock("PAPER", receipts, store=store) for store in STORES}
    buyers = fleet.shoppers(threads, money_minor=receipts * 1_00)
    before = {store: numbers(fleet, store) for store in STORES}

    def trade(client: int) -> dict[str, int]:
        chance, sold = random.Random(seed + client), dict.fromkeys(STORES, 0)
        for _ in range(receipts // threads):
            store = chance.choice(STORES)
            if chance.random() < LOST_SHARE:
                lose(fleet, store)
            paid = buy(fleet, buyers[client], goods[store])
            found.demand(paid == "201", f"paying: {paid}")
            sold[store] += paid == "201"
        return sold

    with clients(threads) as some:
        sold = some.at_once(trade)
    for store in STORES:
        fresh = numbers(fleet, store)[len(before[store]) :]
        count = sum(each[store] for each in sold)
        wanted = list(range(len(before[store]) + 1, len(before[store]) + count + 1))
        found.demand(fresh == wanted, f"{store}: {count} receipts are numbered {fresh[:3]} … {fresh[-3:]}")
    found.n = sum(sum(each.values()) for each in sold)
    found.figure = (
        f"{found.n} receipts of 3 stores by {threads} clients, every fifth beside a lost number: 1..n"
    )
    return found


def buy(fleet: Fleet, buyer: Buyer, good: Good) -> str:
    scanned = buyer.put(good.label)
    if scanned.status != 201:
        return said(scanned)
    return said(buyer.buy(scanned.json["cart"]["id"]))


def lose(fleet: Fleet, store: str) -> None:
    def draw(tx: Transaction) -> None:
        next_numbers(tx, fleet.store(store).store.id, receipts=1)
        raise Lost

    with suppress(Lost):
        fleet.services.run(draw)


def numbers(fleet: Fleet, store: str) -> list[int]:
    query = text(
        "SELECT o.receipt_number FROM orders o JOIN stores s ON s.id = o.store_id "
        "WHERE s.code = :code ORDER BY o.receipt_number"
    )
    with fleet.engine.connect() as connection:
        return list(connection.execute(query, {"code": store}).scalars())
