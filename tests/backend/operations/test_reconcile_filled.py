"""A shop with much trade behind it passes reconcile."""

from __future__ import annotations

from datetime import timedelta

from backend.db.transaction import Runner
from backend.operations.reconcile import reconcile
from tests.bench.fill import Trade, fill

TRADE = Trade(orders=300, products=30, shoppers=20, days=12)


def test_a_filled_shop_passes(run: Runner) -> None:
    fill(run.engine, TRADE)
    for since in (None, TRADE.until - timedelta(days=1)):
        report = reconcile(run, now=TRADE.until + timedelta(days=2), since=since)
        assert report.ok, report.to_lines()
