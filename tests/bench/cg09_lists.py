"""The 10,000th page of a long list beside the first page of a short one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Select, select

from backend.identity.tables import shoppers
from backend.inventory.tables import stock
from backend.ledger.tables import postings
from backend.orders.tables import orders
from tests.bench import wire
from tests.bench.figure import Figure, Goal, bench
from tests.bench.fill import Trade
from tests.bench.ground import Ground
from tests.bench.shopping import server_ports
from tests.bench.years import Signed, signed_in
from tests.proof.fleet import Fleet
from tests.proof.result import DATABASES

PAGE, DEEP = 20, 10_000
TIMES = 40


@bench("CG9", "pages of long lists", *DATABASES)
def cg9(ground: Ground, database: str) -> Iterator[Figure]:
    large, small = Trade(ground.of(2_000, 1_000_000)), Trade(ground.of(500, 10_000))
    long, short = (ground.years(database, trade) for trade in (large, small))
    at_long, at_short = signed_in(long), signed_in(short)
    slowest_ms = 0.0
    for name in ("orders", "products", "shoppers", "ledger"):
        after, number = deep(long, at_long, name)
        path = f"/v1/staff/lists/{name}?store=F0&limit={PAGE}"
        ours, reference = in_turns(
            (long, at_long.get(f"{path}&after={after}")), (short, at_short.get(path)), ground.of(4, TIMES)
        )
        slowest_ms = max(slowest_ms, ours.p(95))
        yield Figure(
            f"CG9 {name} {database}",
            ours.p(50),
            "ms",
            reference.p(50),
            f"the first page of {small.orders:,} orders",
            Goal(2, 1.3, most=True),
            note=f"page {number:,} of {PAGE} rows at {large.orders:,} orders; p95 {ours.p(95):.0f} ms",
        )
    yield Figure(
        f"CG9 slowest {database}",
        slowest_ms,
        "ms",
        goal=Goal(60, 30, of="ours", most=True),
        note="p95 of a page",
    )


def deep(fleet: Fleet, who: Signed, name: str) -> tuple[str, int]:
    """`after` of the 10,000th page, or of the last whole one before the end; its number."""
    rows: dict[str, Select[str]] = {
        "orders": select(orders.c.id)
        .where(orders.c.store_id == who.store_id)
        .order_by(orders.c.placed_at.desc(), orders.c.id.desc()),
        "products": select(stock.c.sku).where(stock.c.store_id == who.store_id).order_by(stock.c.sku),
        "shoppers": select(shoppers.c.id).order_by(shoppers.c.id.desc()),
        "ledger": select(postings.c.id)
        .where(postings.c.store_id == who.store_id)
        .order_by(postings.c.id.desc()),
    }
    with fleet.engine.connect() as tx:
        known = len(tx.execute(rows[name].limit(DEEP * PAGE)).all())
        page = max(1, known // PAGE - 1)
        after = tx.execute(rows[name].offset(max(0, (page - 1) * PAGE - 1)).limit(1)).scalar_one()
    return after, page


def in_turns(
    ours: tuple[Fleet, bytes], reference: tuple[Fleet, bytes], times: int
) -> tuple[wire.Load, wire.Load]:
    loads = wire.Load(), wire.Load()
    for turn in range(times + 1):
        for load, (fleet, raw) in zip(loads, (ours, reference), strict=True):
            once = wire.run(server_ports(fleet), [raw], clients=1).expect(200)
            if turn:  # the first of each wakes it
                load.each_ms += once.each_ms
    return loads
