"""Two nodes against one, each with half a core, so that the machine's cores are not what ends first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench import wire
from tests.bench.figure import Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.bench.shopping import payments, ready_to_pay
from tests.proof.fleet import Fleet, Good
from tests.proof.shoppers import Buyer

CLIENTS = 16
SHARE_PERCENT = 50
PERIOD_US = 20_000
GROUPS = Path("/sys/fs/cgroup")


@bench("CG13", "two nodes, PIN on", "postgresql")
def cg13(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(8, 64)
    with ground.fleet(database, pins="real") as fleet:
        goods, buyers = [fleet.stock("TEA", 1_000_000)], fleet.shoppers(several)
        with limited([one.pid for one in fleet.servers]):
            pair = alternate(
                lambda: rate(fleet, 2, buyers, goods),
                lambda: rate(fleet, 1, buyers, goods),
                rounds=ground.of(1, 5),
            )
    yield Figure(
        "CG13",
        pair.ours,
        "payments/s",
        pair.reference,
        f"one node; each node has {SHARE_PERCENT} % of a core, the database and the load what is left",
        Goal(1.7, 1.85),
        pair.spread,
    )


def rate(fleet: Fleet, nodes: int, buyers: Sequence[Buyer], goods: Sequence[Good]) -> float:
    raw = payments(ready_to_pay(fleet, buyers, goods))
    ports = [one.port for one in fleet.servers[:nodes]]
    return wire.run(ports, raw, clients=CLIENTS).expect(201).per_second


@contextmanager
def limited(processes: Sequence[int]) -> Iterator[None]:
    """Each of them, with its children, in a control group of its own. Needs to be root."""
    old = (GROUPS / "cpu").is_dir()  # version 1 has a tree for each resource
    root = GROUPS / "cpu" if old else GROUPS
    groups = []
    try:
        for pid in processes:
            group = root / f"smartpay-bench-{pid}"
            group.mkdir()
            groups.append(group)
            quota_us = PERIOD_US * SHARE_PERCENT // 100
            if old:
                (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (group / "cpu.cfs_quota_us").write_text(str(quota_us))
            else:
                (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")
            for member in family(pid):
                (group / "cgroup.procs").write_text(str(member))
        yield
    finally:
        for group in groups:
            for left in (group / "cgroup.procs").read_text().split():
                (root / "cgroup.procs").write_text(left)
            group.rmdir()


def family(pid: int) -> list[int]:
    """The process and its children: gunicorn's arbiter and who serves."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]
