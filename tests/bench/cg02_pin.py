"""What the PIN costs is what a payment costs: argon2id is to be nearly all of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from argon2 import PasswordHasher

from backend.adapters.pin_hasher import MEMORY_KIB, PARALLELISM, TIME_COST
from tests.bench.figure import Figure, Goal, alternate, bench, seconds
from tests.bench.ground import Ground
from tests.bench.shopping import pay, ready_to_pay
from tests.proof.result import DATABASES
from tests.proof.shoppers import PIN

CLIENTS = 16
GOAL = Goal(0.60, 0.80)


@bench("CG2", "checkout with PIN", *DATABASES)
def cg2(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(16, 160)
    with ground.fleet(database, pins="real") as fleet, ProcessPoolExecutor(2) as both:
        goods, buyers = [fleet.stock("TEA", 1_000_000)], fleet.shoppers(several)

        def ours() -> float:
            return pay(fleet, ready_to_pay(fleet, buyers, goods), threads=CLIENTS).per_second

        def alone() -> float:
            return several / seconds(lambda: list(both.map(verify, [several // 2] * 2)))

        pair = alternate(ours, alone, rounds=ground.of(1, 5))
        yield Figure(
            f"CG2 {database}",
            pair.ours,
            "payments/s",
            pair.reference,
            "argon2id alone with the same parameters, one process a core",
            GOAL,
            pair.spread,
        )


def verify(times: int) -> None:
    """The work of so many PINs, with nothing round it."""
    hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
    stored = hasher.hash(PIN)
    for _ in range(times):
        hasher.verify(stored, PIN)
