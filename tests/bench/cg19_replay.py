"""A payment that is sent again is answered from what was stored."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.figure import Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.bench.shopping import Sale, pay, ready_to_pay
from tests.proof.result import DATABASES

CLIENTS = 8


@bench("CG19", "a payment sent again", *DATABASES)
def cg19(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(16, 400)
    with ground.fleet(database) as fleet:
        goods, buyers = [fleet.stock("TEA", 1_000_000)], fleet.shoppers(several)
        sales: list[Sale] = []

        def first() -> float:
            sales[:] = ready_to_pay(fleet, buyers, goods)
            return pay(fleet, sales, threads=CLIENTS).seconds / several * 1e3

        def again() -> float:
            return pay(fleet, sales, threads=CLIENTS).seconds / several * 1e3

        first()
        pair = alternate(again, first, rounds=ground.of(1, 5))
    yield Figure(
        f"CG19 {database}",
        pair.ours,
        "ms",
        pair.reference,
        "the same payments the first time, without PIN hashing",
        Goal(0.30, 0.15, most=True),
        pair.spread,
    )
