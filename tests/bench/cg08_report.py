"""A month's sales, asked for after years of trade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from statistics import median
from typing import Any

from sqlalchemy import bindparam, text

from backend.db.schema import Id, UtcTime
from backend.sales.days import StoreDay
from tests.bench import wire
from tests.bench.figure import Figure, Goal, bench, seconds
from tests.bench.fill import Trade
from tests.bench.ground import Ground
from tests.bench.shopping import server_ports
from tests.bench.years import Signed, signed_in
from tests.proof.fleet import Fleet
from tests.proof.result import DATABASES

DAYS, ZONE = 31, "Asia/Riyadh"  # of the filled store F0
HOUR = {
    "sqlite": "strftime('%Y-%m-%d %H', placed_at, '+3 hours')",
    "postgresql": "date_trunc('hour', placed_at AT TIME ZONE 'Asia/Riyadh')",
}
WHICH = "o.store_id = :store AND o.placed_at >= :begin AND o.placed_at < :end"


@bench("CG8", "a month's sales of a store", *DATABASES)
def cg8(ground: Ground, database: str) -> Iterator[Figure]:
    trade = Trade(ground.of(2_000, 1_000_000))
    fleet = ground.years(database, trade)
    who = signed_in(fleet)
    months = [trade.until.date() - timedelta(days=DAYS + 5 * number) for number in range(ground.of(6, 60))]
    raw = [who.get(f"/v1/staff/sales?store=F0&from={day}&to={last(day)}") for day in months]
    wire.run(server_ports(fleet), raw[:2], clients=1)  # awake
    ours = wire.run(server_ports(fleet), raw, clients=1).expect(200)
    by_hand_ms = [
        by_hand(fleet, who, day, answer.json) for day, answer in zip(months[:5], ours.answers, strict=False)
    ]
    words = f"SELECTs over the orders and lines of the same {DAYS} days, by hour and by product; same totals"
    figures = ours.p(95), "ms", median(by_hand_ms), words
    note = f"p95 of {len(raw)} months, {trade.orders:,} orders of {3 * trade.orders:,} lines in 4 stores"
    yield Figure(f"CG8 {database}", *figures, Goal(200, 50, of="ours", most=True), note=note)
    yield Figure(f"CG8 against lines {database}", *figures, Goal(0.1, 0.05, most=True), note=note)


def last(first: date) -> date:
    return first + timedelta(days=DAYS - 1)


def by_hand(fleet: Fleet, who: Signed, first: date, ours: Mapping[str, Any]) -> float:
    """Milliseconds, once the answer is seen to be the same."""
    begin, end = StoreDay(first, ZONE).begins_at, StoreDay(last(first), ZONE).ends_at
    given = {"store": who.store_id, "begin": begin, "end": end}
    hours = f"SELECT {HOUR[fleet.database]} AS h, count(*), sum(total_minor) FROM orders o WHERE {WHICH} GROUP BY 1"  # noqa: S608
    goods = (
        "SELECT l.sku, sum(quantity), sum(gross_minor - l.discount_minor), sum(vat_minor) FROM orders o "  # noqa: S608
        f"JOIN order_lines l ON l.order_id = o.id WHERE {WHICH} GROUP BY l.sku"
    )
    rows: dict[str, Any] = {}

    def ask() -> None:
        with fleet.engine.connect() as tx:
            for statement in (hours, goods):
                typed = text(statement).bindparams(
                    bindparam("store", type_=Id),
                    bindparam("begin", type_=UtcTime),
                    bindparam("end", type_=UtcTime),
                )
                rows[statement] = tx.execute(typed, given).all()

    taken_ms = seconds(ask) * 1000
    counted = (
        sum(row[1] for row in rows[hours]),
        sum(row[2] for row in rows[goods]),
        sum(row[3] for row in rows[goods]),
    )
    told = tuple(ours["totals"][name] for name in ("orders", "gross_minor", "vat_minor"))
    assert told == counted, f"{first}: {told}, by hand {counted}"
    return taken_ms
