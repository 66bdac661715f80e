"""Shoppers who scan, change, empty, freeze and pay at the same time leave books that agree."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import text

from backend.carts import change, checks, expiry
from backend.db.findings import Scope
from backend.errors import Refusal
from backend.inventory import checks as stock_checks
from backend.inventory.reservations import sell
from tests.backend.carts.trolley import Trolley
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf

SHOPPERS, STEPS = 6, 20
EXPECTED = {"done", "out_of_stock", "cart_expired", "cart_frozen", "reservation_expired", "cart_empty"}


class Hour:
    """One clock for all; now and then it jumps so far that carts run out."""

    def __init__(self) -> None:
        self.steps = count()

    def now(self) -> datetime:
        step = next(self.steps)
        return NOON + step * timedelta(seconds=10) + step // 40 * 20 * MINUTE


def one_step(trolley: Trolley, skus: list[str], chance: random.Random, now: datetime) -> None:
    act = chance.choice(["scan", "scan", "scan", "quantity", "remove", "empty", "pay", "sweep"])
    cart = trolley.current(now)
    if act == "sweep":
        trolley.run(lambda tx: expiry.expire_due(tx, ids=IDS, now=now))
    elif act == "scan" or cart is None or not cart.lines:
        trolley.scan(chance.choice(skus), now=now)
    elif act == "quantity":
        quantity = chance.randint(1, 4)
        trolley.change(change.set_quantity, cart.id, cart.lines[0].id, now=now, quantity=quantity)
    elif act == "remove":
        trolley.change(change.remove, cart.id, cart.lines[0].id, now=now)
    elif act == "empty":
        trolley.change(change.empty, cart.id, now=now)
    else:
        trolley.freeze(cart.id, now=now)
        store = trolley.shelf.store.id
        trolley.run(lambda tx: sell(tx, cart.id, store, reference=cart.id, now=now))


def an_hour_of(trolley: Trolley, skus: list[str], seed: int, hour: Hour) -> Counter[str]:
    chance, outcomes = random.Random(seed), Counter[str]()
    for _ in range(STEPS):
        try:
            one_step(trolley, skus, chance, hour.now())
            outcomes["done"] += 1
        except Refusal as no:
            outcomes[no.code] += 1
    return outcomes


def test_the_books_agree_after_an_hour_of_everything_at_once(shelf: Shelf) -> None:
    skus = [shelf.put(f"SKU-{number}", 6) for number in range(5)]
    trolleys = [Trolley(shelf) for _ in range(SHOPPERS)]
    hour = Hour()
    with ThreadPoolExecutor(SHOPPERS) as pool:
        hours = list(pool.map(lambda pair: an_hour_of(pair[1], skus, pair[0], hour), enumerate(trolleys)))
    outcomes = sum(hours, Counter[str]())
    assert set(outcomes) <= EXPECTED
    assert outcomes["done"] > SHOPPERS * STEPS / 3
    late = NOON + 1000 * MINUTE
    for rule in (*stock_checks.RULES, *checks.RULES):
        assert shelf.run.read(lambda tx: rule.ask(tx, Scope(late))) == []  # noqa: B023 - called at once
    while shelf.run(lambda tx: expiry.expire_due(tx, ids=IDS, now=late)):
        pass
    assert [shelf.counted(sku)[1] for sku in skus] == [0] * len(skus)
    assert deadlocks(shelf) == 0


def deadlocks(shelf: Shelf) -> int:
    if shelf.run.engine.dialect.name == "sqlite":
        return 0  # one writer at a time
    shelf.run.engine.dispose()  # a session reports its figures when it ends
    counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(shelf.run.read(lambda tx: tx.execute(counted).scalar_one()))
