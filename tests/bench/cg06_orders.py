"""Orders a second: one store against eight, and ours against django-oscar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.bench.figure import Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.bench.peer import shopping as peer
from tests.bench.shopping import Orders, orders, pay, ready_to_pay
from tests.proof.fleet import Fleet, Good
from tests.proof.result import DATABASES
from tests.proof.shoppers import Buyer

CLIENTS = 16
STORES = 8


@bench("CG6", "orders in one store, with its one series of receipts", *DATABASES)
def cg6(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(32, 300)  # all are signed first, and a proof is taken for 30 s
    with ground.fleet(database) as fleet:
        codes = [f"S{number}" for number in range(STORES)]
        one = [fleet.stock("TEA", 1_000_000)]
        eight = [fleet.stock("TEA", 1_000_000, store=code) for code in codes]
        buyers = fleet.shoppers(several)
        pair = alternate(
            lambda: paid(fleet, buyers, one), lambda: paid(fleet, buyers, eight), rounds=ground.of(1, 5)
        )
    yield Figure(
        f"CG6 {database}",
        pair.ours,
        "payments/s",
        pair.reference,
        f"ours, spread over {STORES} stores",
        Goal(0.70, 0.85),
        pair.spread,
    )


def paid(fleet: Fleet, buyers: Sequence[Buyer], goods: Sequence[Good]) -> float:
    return pay(fleet, ready_to_pay(fleet, buyers, goods), threads=CLIENTS).per_second


@bench("CG7", "orders beside django-oscar", "postgresql")
def cg7(ground: Ground, _database: str) -> Iterator[Figure]:
    """One line each; both on the same PostgreSQL, two serving processes, the load on the same cores."""
    yield beside_oscar(ground, "quick", "CG7 without credential", ground.of(16, 400), Goal(8, 15))
    yield beside_oscar(ground, "real", "CG7 with PIN", ground.of(16, 120), Goal(2, 2.5))


def beside_oscar(ground: Ground, pins: str, name: str, several: int, goal: Goal) -> Figure:
    with ground.fleet("postgresql", pins=pins) as fleet, ground.peer() as oscar:
        goods, buyers = [fleet.stock("TEA", 1_000_000)], fleet.shoppers(several)

        def ours() -> Orders:
            return orders(fleet, buyers, goods, threads=CLIENTS)

        pair = alternate(
            lambda: ours().per_second,
            lambda: peer.orders(oscar.port, ground.of(8, 60)),
            rounds=ground.of(1, 5),
        )
        with ground.split(fleet) as split:
            last = ours()
    waits = ", ".join(f"{load.p(95):.0f}" for load in (last.scanned, last.opened, last.paid))
    return Figure(
        name,
        pair.ours,
        "orders/s",
        pair.reference,
        "django-oscar 4.2.1 with its API 3.3.0: add, read, check out; no payment, no PIN, and it oversells",
        goal,
        pair.spread,
        f"{split.words(several)}, the making of requests and grants included; "
        f"p95 of scan, opening and payment {waits} ms",
    )
