"""What a shopper and the worker ask for: found by an index, whatever a store sold in years, by a plan made once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from backend import worker
from backend.adapters.stripe_gateway import StripeGateway
from backend.checkout import afterwards
from backend.db.transaction import Runner, engine_for, keys_engine_for
from backend.operations.shopper_device import ShopperDevice
from backend.sales.reports import sales
from backend.settings import Settings
from tests.backend.checkout.till import PIN
from tests.statements import Asked, heard
from tests.whole_shop import WholeShop, a_key

GROWING = {
    "carts", "cart_lines", "scans", "reservations", "checkouts", "coupon_uses", "idempotency_records",
    "orders", "order_lines", "order_steps", "refunds", "refund_lines", "card_payments", "gateway_events",
    "postings", "entries", "stock_movements", "outbox", "inbox_messages", "webhook_deliveries", "audit_entries",
    "sales_products", "shoppers", "devices", "sessions", "face_attempts", "templates", "consents", "locks",
}  # fmt: skip
# SQLite would look for rows that wait for these very ones, if there were deferred ones.
BEGINS = ("INSERT INTO carts", "INSERT INTO outbox")
# Nothing is due, so it is not asked.
AWAY = StripeGateway("sk_test_of_nobody", "whsec_of_nobody", url="http://127.0.0.1:9")
PARTIAL = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql LIKE '% WHERE %'"


@pytest.fixture
def shop(sqlite_url: str, data_folder: Path) -> Iterator[WholeShop]:
    settings = Settings(data=data_folder, database_url=sqlite_url)
    run, keys = Runner(engine_for(settings.main_url)), Runner(keys_engine_for(settings.keys_url))
    yield WholeShop(settings, run, keys)
    for one in (run, keys):
        one.engine.dispose()


def searched_through(engine: Engine, asked: Asked) -> dict[str, list[str]]:
    """Which growing tables each statement reads from one end to the other; a partial index holds few of their rows."""
    found: dict[str, list[str]] = {}
    with engine.connect() as tx:
        partial = set(tx.exec_driver_sql(PARTIAL).scalars())
        for statement, given in asked.items():
            if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")):
                steps = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]
                scans = [
                    step.split()
                    for step in steps
                    if step.startswith("SCAN") and partial.isdisjoint(step.split())
                ]
                whole = [scan[1] for scan in scans if scan[1] in GROWING]
                if whole and not statement.startswith(BEGINS):
                    found[statement] = whole
    return found


def compiled_again(engine: Engine, asked: Asked) -> list[str]:
    """Those that SQLite compiles each time they are asked, which takes longer than to run them.

    It does where a parameter is compared with what a partial index is about: another value might want another plan.
    """
    compiled = 0

    def look(*_: object) -> int:  # called while a statement is compiled
        nonlocal compiled
        compiled += 1
        return sqlite3.SQLITE_OK

    found = []
    with engine.connect() as tx:
        driver = tx.connection.driver_connection
        assert driver
        driver.set_authorizer(look)
        for statement, given in asked.items():
            for _ in range(2):
                compiled = 0
                driver.execute(f"EXPLAIN {statement}", given).fetchall()
            if compiled:
                found.append(statement)
        driver.set_authorizer(None)
    return found


def a_day(shop: WholeShop) -> Asked:
    """What a purchase and the worker's duties ask."""
    at = shop.services
    noura = shop.shopper()
    shop.deliver()
    with heard(at.run.engine) as asked:
        buy(shop, noura)
        worker.deliver_due(at)
        worker.sweep(at)
        worker.put_away_uncollected(at)
        worker.drop_old(at)
        at.run(lambda tx: afterwards.catch_up(tx, noura.shopper_id, now=shop.clock.now()))
        worker.follow_cards(replace(at, gateway=AWAY))
        at.run.read(lambda tx: sales(tx, shop.shelf.store.id, now=shop.clock.now()))
    assert len(asked) > 60
    return asked


def test_buying_and_what_follows_goes_through_no_growing_table(shop: WholeShop) -> None:
    assert searched_through(shop.services.run.engine, a_day(shop)) == {}


def test_no_statement_of_buying_and_what_follows_is_compiled_each_time(shop: WholeShop) -> None:
    assert compiled_again(shop.services.run.engine, a_day(shop)) == []


def buy(shop: WholeShop, device: ShopperDevice) -> None:
    checkout, grant = shop.granted(device)
    assert device.call("GET", "/v1/carts/current?store=R1").status == 200
    assert device.pay(checkout["id"], grant, PIN, key=a_key()).status == 201
    for path in ("/v1/orders", "/v1/wallet"):
        assert device.call("GET", path).status == 200, path
