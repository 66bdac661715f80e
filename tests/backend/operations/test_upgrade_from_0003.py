"""A shop that was installed at schema 0003 keeps all it holds: on the way up, back down, and up again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from sqlalchemy import TextClause, inspect, text

from backend.db.transaction import Runner, Transaction
from backend.operations import migrate
from backend.operations.reconcile import reconcile
from backend.settings import Settings
from tests import databases

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # the moment at which the dump was taken
ORDERS = {
    "accepted": 10,
    "cancelled": 15,
    "handed_over": 105,
    "mismatch": 30,
    "packing": 10,
    "paid": 10,
    "ready": 20,
}
Columns = tuple[str, tuple[str, ...]]  # of one table
Held = dict[Columns, Counter[str]]  # a table's rows, in Python's words


@pytest.fixture
def settings(old_shop: Settings) -> Settings:
    """`run` and `keys` open what they name."""
    return old_shop


def test_the_dump_stands_at_0003_and_leaves_no_table_empty(
    settings: Settings, run: Runner, keys: Runner
) -> None:
    versions = {v.history: v.current for v in migrate.versions(settings.main_url, settings.keys_url)}
    assert versions == {"main": "0003", "keys": "0001"}
    assert [table for table, rows in (everything(run) | everything(keys)).items() if not rows] == []
    assert run.read(orders_by_state) == ORDERS


def test_money_goods_and_orders_agree_after_an_upgrade(settings: Settings, run: Runner) -> None:
    upgrade(settings)
    report = reconcile(run, now=NOW)
    assert report.ok, report.to_lines()


def test_an_upgrade_loses_no_row_and_no_total(settings: Settings, run: Runner, keys: Runner) -> None:
    before, totals = [(store, everything(store)) for store in (run, keys)], run.read(order_totals)
    upgrade(settings)
    assert [lost(store, rows) for store, rows in before] == [{}, {}]
    assert run.read(order_totals) == totals


def test_back_to_0003_and_up_again_loses_nothing(settings: Settings, run: Runner, keys: Runner) -> None:
    before = [(store, everything(store)) for store in (run, keys)]
    upgrade(settings)
    migrate.downgrade(settings.main_url, settings.keys_url, to="0003", keys_to="0001")
    assert [everything(store) for store in (run, keys)] == [rows for _, rows in before]
    upgrade(settings)
    assert [lost(store, rows) for store, rows in before] == [{}, {}]
    assert reconcile(run, now=NOW).ok


def upgrade(settings: Settings) -> None:
    databases.upgrade(settings)
    assert all(v.current == v.newest for v in migrate.versions(settings.main_url, settings.keys_url))


def everything(run: Runner) -> Held:
    """All tables that are there, whatever today's code declares."""

    def columns(tx: Transaction) -> list[Columns]:
        found = inspect(tx)
        return [
            (table, tuple(sorted(column["name"] for column in found.get_columns(table))))
            for table in found.get_table_names()
            if table != "alembic_version"
        ]

    return held(run, run.read(columns))


def held(run: Runner, tables: Iterable[Columns]) -> Held:
    def rows(tx: Transaction) -> Held:
        return {
            (table, columns): Counter(repr(tuple(row)) for row in tx.execute(every_row(table, columns)))
            for table, columns in tables
        }

    return run.read(rows)


def every_row(table: str, columns: Iterable[str]) -> TextClause:
    return text(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - names that the database gave


def lost(run: Runner, before: Held) -> Held:
    """Rows of before that are gone, or say something else in the columns of before."""
    now = held(run, before)
    return {table: gone for table, rows in before.items() if (gone := rows - now[table])}


def orders_by_state(tx: Transaction) -> dict[str, int]:
    rows = tx.execute(text("SELECT state, count(*) AS number FROM orders GROUP BY state"))
    return {row.state: row.number for row in rows}


def order_totals(tx: Transaction) -> dict[str, tuple[int, str]]:
    rows = tx.execute(text("SELECT id, total_minor, currency FROM orders"))
    return {str(order): (total_minor, currency) for order, total_minor, currency in rows}
