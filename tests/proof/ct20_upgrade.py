"""CT20: a shop of schema 0003 goes up, down and up, is killed on the way, and sells with the old code meanwhile."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from threading import Event

from sqlalchemy import select, text

from backend.clock import SystemClock
from backend.db import version
from backend.db.transaction import Runner, Transaction, engine_for
from backend.ledger.tables import accounts
from backend.operations import migrate
from backend.operations.backup import back_up, rows_of
from backend.operations.backup_file import Contents, Manifest, write_rows
from backend.operations.init import init
from backend.operations.reconcile import reconcile
from backend.operations.restore import contents
from backend.wiring import label_key_of
from catalogue.labels import sign_label
from tests.backend.operations.test_migrate import definitions
from tests.fixtures.make_0003 import fill_postgresql, fill_sqlite
from tests.fixtures.people_0003 import open_stores
from tests.fixtures.shop_0003 import NOW, Shop
from tests.fixtures.trade_0003 import trade
from tests.proof.fleet import Fleet
from tests.proof.processes import smartpay
from tests.proof.result import Found, Size, proof
from tests.proof.version_before import OldCustomer, VersionBefore

KILLS, KILLED_ORDERS = 20, 5_000  # of more orders, all kills would come into the first of the migrations
MIGRATE_S = 3.0  # at least so long does a migration take from its start; kills are spread over it
DROP_A_CHECK = {
    "sqlite": "UPDATE sqlite_master SET sql = replace(sql, 'CHECK (', 'CHECK (1 OR ') WHERE name = 'refunds'",
    "postgresql": "ALTER TABLE refunds DROP CONSTRAINT ck_refunds_positive",
}


@proof("CT20", "Upgrade", sabotage="careless_copy")
def ct20(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found, killed = Found(), 0
    if size is Size.FULL:
        with closing(Old(fleet, KILLED_ORDERS)) as small:
            killed = small.migrate_and_kill(random.Random(seed), found)
    with closing(Old(fleet, size.of(20, 50_000))) as shop:
        up_and_down(shop, found)
        if killed:
            found.figure += f"; {killed} kills while {KILLED_ORDERS} orders were migrated"
        if not found.faults:
            found.figure += "; " + sells_with_the_old_code(shop, found, more=size.of(3, 20))
    return found


def up_and_down(shop: Old, found: Found) -> None:
    fleet, before = shop.fleet, shop.backed_up()
    for _ in range(2):
        migrate.upgrade(*shop.urls)
        if fleet.sabotaged:
            shop.run(drop_a_check)
        found.demand(shop.holds(before), "after the way up a row is gone or changed")
        report = reconcile(shop.run, now=NOW)
        found.demand(report.ok, f"reconcile after the way up: {report.to_lines()[:5]}")
        found.demand(shop.definitions() == fresh(fleet), "tables differ from those of a fresh shop")
        if found.faults:
            return
        migrate.downgrade(*shop.urls, to="0003", keys_to="0001")
        found.demand(shop.holds(before), "after the way down a row is gone or changed")
    found.n = before.rows
    found.figure = (
        f"{shop.orders} orders, {before.rows} rows: up and down twice, every digest the same, reconcile clean, rules "
        "as in a fresh shop"
    )


class Old:
    """A shop at schema 0003."""

    def __init__(self, fleet: Fleet, orders: int) -> None:
        self.fleet, self.orders = fleet, orders
        self.settings = fleet.machine()
        init(self.settings)
        made = Shop(orders)
        open_stores(made)
        trade(made)
        if fleet.cluster:
            fill_postgresql(made.rows, self.settings.main_url)
        else:
            fill_sqlite(made.rows, self.settings)
        self.urls = self.settings.main_url, self.settings.keys_url
        self.run = Runner(engine_for(self.settings.main_url))
        self.accounts = set(self.run.read(lambda tx: tx.execute(select(accounts.c.id)).scalars().all()))

    def holds(self, before: Manifest) -> bool:
        """Every row of then, in the columns of then; a migration may open accounts beside them."""
        return self.run.read(lambda tx: self.of_then(tx, before)) == before.tables

    def of_then(self, tx: Transaction, before: Manifest) -> dict[str, Contents]:
        columns = before.tables["accounts"].columns
        rows = rows_of(tx, [accounts.c[name] for name in columns])
        known = write_rows((row for row in rows if row[0] in self.accounts), columns)
        return contents(tx, before) | {"accounts": known}

    def definitions(self) -> set[str]:
        return definitions(self.run.engine)

    def backed_up(self) -> Manifest:
        return back_up(self.settings, self.fleet.folder / f"at-0003-{next(self.fleet.numbers)}", now=NOW)

    def migrate_and_kill(self, chance: random.Random, found: Found) -> int:
        """Whatever moment it is, the schema is the old one or the new one, whole. How many kills came in time."""
        before, killed = self.backed_up(), 0
        for _ in range(KILLS):
            process = smartpay(self.settings, self.fleet.options, self.fleet.folder, "migrate")
            process.start()
            time.sleep(chance.uniform(0, 3 * MIGRATE_S))
            killed += process.alive
            process.kill()
            schema = self.run.read(version.current)
            found.demand(schema in ("0003", version.newest("main")), f"killed on the way: schema {schema}")
            found.demand(self.holds(before), "killed on the way: a row is gone or changed")
            if schema != "0003":
                migrate.downgrade(*self.urls, to="0003", keys_to="0001")
        return killed

    def close(self) -> None:
        self.run.engine.dispose()


def fresh(fleet: Fleet) -> set[str]:
    settings = fleet.machine()
    settings.data.mkdir()
    migrate.upgrade(settings.main_url, settings.keys_url)
    engine = engine_for(settings.main_url)
    try:
        return definitions(engine)
    finally:
        engine.dispose()


def drop_a_check(tx: Transaction) -> None:
    if tx.dialect.name == "sqlite":
        tx.execute(text("PRAGMA writable_schema = ON"))
    tx.execute(text(DROP_A_CHECK[tx.dialect.name]))


def sells_with_the_old_code(shop: Old, found: Found, *, more: int) -> str:
    """Its server was started before the migration and goes on during and after it. more: orders after it."""
    old = VersionBefore(shop.settings, shop.fleet.folder)
    old.start()
    try:
        key, gtin = label_key_of(shop.settings), next(iter(gtins(shop)))
        customer = OldCustomer.of(old, sign_label(gtin, "R1", host=shop.settings.public_host, key=key))
        with ThreadPoolExecutor(1) as pool:
            buying = Buying(customer, pool)
            try:
                buying.wait_for(3)
                migrate.upgrade(*shop.urls)
                buying.wait_for(len(buying.bought_at) + more)
            finally:
                buying.ended.set()
        buying.work.result()
    finally:
        old.stop()
    report = reconcile(shop.run, now=SystemClock().now())
    found.demand(report.ok, f"reconcile after sales by the old code: {report.to_lines()[:5]}")
    return (
        f"the version before sold {len(buying.bought_at)} orders before, during and after the migration, with a pause "
        f"of {buying.longest_pause_s():.1f} s at most"
    )


class Buying:
    """Order after order, until it is ended or refused."""

    def __init__(self, customer: OldCustomer, pool: ThreadPoolExecutor) -> None:
        self.customer, self.ended = customer, Event()
        self.bought_at: list[float] = []  # seconds of the monotonic clock
        self.work = pool.submit(self.go)

    def go(self) -> None:
        while not self.ended.is_set():
            reply = self.customer.buy()
            assert reply.status == 201, f"the old code answered {reply.status} {reply.body[:200]!r}"
            self.bought_at.append(time.monotonic())

    def wait_for(self, orders: int) -> None:
        """Raises what ended it before."""
        while len(self.bought_at) < orders and not self.work.done():
            time.sleep(0.1)
        if self.work.done():
            self.work.result()

    def longest_pause_s(self) -> float:
        return max(after - before for before, after in pairwise(self.bought_at))


def gtins(shop: Old) -> list[str]:
    """Of goods that are on the shelf."""
    rows = text("SELECT gtin FROM products WHERE sku <> 'GONE' ORDER BY sku")
    return list(shop.run.read(lambda tx: tx.execute(rows).scalars().all()))
