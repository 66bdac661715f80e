"""A payment whose PIN costs nothing, against its own statements sent by the driver alone."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import event, make_url

from backend.checkout.pay import PayWithPin, pay
from backend.db.idempotency import Once
from backend.db.transaction import prepare_sqlite
from tests.bench.figure import ROUNDS, TAKES_MAX, Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.bench.shopping import Sale, ready_to_pay
from tests.proof.fleet import Fleet
from tests.proof.result import DATABASES
from tests.proof.shoppers import PIN

Statements = list[tuple[str, Any]]  # of one transaction, with their parameters


@bench("CG3", "checkout without credential", *DATABASES)
def cg3(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(8, 60)
    with ground.fleet(database) as fleet:
        goods = [fleet.stock("TEA", 1_000_000)]
        batches = (ground.of(1, ROUNDS) + 1) * TAKES_MAX if not ground.quick else 2
        sales = ready_to_pay(fleet, fleet.shoppers(several * batches), goods)
        copy = copied(ground, fleet)
        left, captured = iter(sales), Captured(fleet)

        def ours() -> float:
            captured.transactions.clear()
            started = time.perf_counter()
            for sale in islice(left, several):
                settle(fleet, sale)
            return several / (time.perf_counter() - started)

        def bare() -> float:
            """What `ours` just did, on the copy."""
            started = time.perf_counter()
            replay(database, copy, captured.transactions)
            return several / (time.perf_counter() - started)

        pair = alternate(ours, bare, rounds=ground.of(1, ROUNDS))
        statements = sum(map(len, captured.transactions)) / several
    yield Figure(
        f"CG3 {database}",
        pair.ours,
        "payments/s",
        pair.reference,
        f"the same statements, sent by {'psycopg' if database == 'postgresql' else 'sqlite3'} to a copy",
        Goal(0.25 if database == "postgresql" else 0.20, 0.40),
        pair.spread,
        f"one thread, in process; {statements:.0f} statements in {len(captured.transactions) // several} transactions",
    )


def copied(ground: Ground, fleet: Fleet) -> str:
    """The database as it stands, once more; nobody else is in it afterwards."""
    for one in fleet.processes:
        one.kill()
    fleet.engine.dispose()
    if fleet.database == "postgresql":
        source = make_url(fleet.settings.main_url).database
        assert source
        return ground.cluster.create(f"{source}_copy", template=source)
    path = fleet.settings.main_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, f"{path}.copy")
    return f"{path}.copy"


class Captured:
    """Every transaction of this fleet's engine that was committed."""

    def __init__(self, fleet: Fleet) -> None:
        self.transactions: list[Statements] = []
        self.running: Statements = []
        event.listen(fleet.engine, "before_cursor_execute", self.statement)
        event.listen(fleet.engine, "commit", self.commit)
        event.listen(fleet.engine, "rollback", self.rollback)

    def statement(self, _connection: Any, _cursor: Any, sql: str, given: Any, *_: Any) -> None:
        if not sql.startswith("BEGIN"):
            self.running.append((sql, given))

    def commit(self, _connection: Any) -> None:
        self.transactions.append(self.running)
        self.running = []

    def rollback(self, _connection: Any) -> None:
        self.running = []


def settle(fleet: Fleet, sale: Sale) -> None:
    at, who = fleet.services, sale.buyer
    once = Once(owner=who.shopper_id, key=sale.key, route="pay", digest="d" * 64)
    command = PayWithPin(sale.checkout_id, who.shopper_id, who.id, sale.grant, PIN, once)
    answer = pay(command, run=at.run, hasher=fleet.hasher, sealer=at.sealer, ids=at.ids, clock=at.clock)
    assert answer.status == 201, answer


def replay(database: str, copy: str, transactions: Sequence[Statements]) -> None:
    if database == "postgresql":
        with psycopg.connect(copy) as connection, connection.cursor() as cursor:
            for statements in transactions:
                for sql, given in statements:
                    cursor.execute(sql, given)
                connection.commit()
        return
    with closing(sqlite3.connect(copy)) as plain:
        prepare_sqlite(plain, None)  # as durable as ours
        for statements in transactions:
            plain.execute("BEGIN IMMEDIATE")
            for sql, given in statements:
                plain.execute(sql, given).fetchall()
            plain.execute("COMMIT")
