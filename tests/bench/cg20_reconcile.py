"""Reconciling years of trade beside one pass over the same tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from backend.carts.tables import carts
from backend.checkout.tables import checkouts
from backend.db.outbox import outbox
from backend.inventory.tables import stock_movements
from backend.ledger.tables import entries, postings
from backend.operations.reconcile import reconcile
from backend.orders.tables import order_lines, orders
from tests.bench.figure import Figure, Goal, bench, seconds
from tests.bench.fill import Trade
from tests.bench.ground import Ground
from tests.proof.fleet import Fleet
from tests.proof.result import DATABASES

SUMS = (
    func.sum(entries.c.amount_minor),
    func.count(postings.c.reference),
    func.sum(orders.c.total_minor),
    func.sum(order_lines.c.gross_minor),
    func.sum(stock_movements.c.delta),
    func.sum(checkouts.c.total_minor),
    func.sum(carts.c.extensions),
    func.sum(outbox.c.attempts),
)


@bench("CG20", "reconciling", *DATABASES)
def cg20(ground: Ground, database: str) -> Iterator[Figure]:
    trade = Trade(ground.of(2_000, 1_000_000))
    fleet = ground.years(database, trade)
    now = trade.until + timedelta(days=2)
    sums_s = min(seconds(lambda: one_pass(fleet)) for _ in range(2))
    whole_s = seconds(lambda: clean(fleet, now=now))
    day_s = seconds(lambda: clean(fleet, now=now, since=trade.until - timedelta(days=1)))
    words = "one SELECT of a sum over each of the eight large tables"
    note = f"{trade.orders:,} orders; its day form {day_s:.1f} s"
    yield Figure(
        f"CG20 {database}", whole_s, "s", sums_s, words, Goal(60, 20, of="ours", most=True), note=note
    )
    yield Figure(
        f"CG20 against sums {database}", whole_s, "s", sums_s, words, Goal(4, 2, most=True), note=note
    )
    yield Figure(f"CG20 a day {database}", day_s, "s", goal=Goal(60, 2, of="ours", most=True), note="--since")


def one_pass(fleet: Fleet) -> None:
    with fleet.engine.connect() as tx:
        for each in SUMS:
            tx.execute(select(each)).scalar_one()


def clean(fleet: Fleet, *, now: datetime, since: datetime | None = None) -> None:
    report = reconcile(fleet.services.run, now=now, since=since)
    assert report.ok, report.to_lines()[:5]
