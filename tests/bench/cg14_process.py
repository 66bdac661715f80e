"""What one serving process costs before it does anything and after it did much: seconds and megabytes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from backend.operations.demo_server import free_port
from tests.bench import wire
from tests.bench.figure import Figure, Goal, alternate, bench, seconds
from tests.bench.ground import Ground
from tests.bench.shopping import orders
from tests.proof.node import NodeOptions
from tests.proof.processes import ROOT, Process, server

IMPORTS = "import flask, sqlalchemy"
STARTS = 10
BUYERS = 200


@bench("CG14", "from the start to the first answer", "sqlite")
def cg14(ground: Ground, database: str) -> Iterator[Figure]:
    with ground.fleet(database, servers=0, workers=0) as fleet:
        settings, folder = fleet.settings, fleet.folder

        def without() -> float:
            return first_answer(server(settings, NodeOptions(), folder))

        def with_model() -> float:
            port = free_port()
            words = [sys.executable, "-m", "backend.cli", "--data", str(settings.data)]
            words += ["serve", "--no-worker", "--port", str(port)]
            environment = dict(os.environ) | {"SMARTPAY_LOG_LEVEL": "WARNING"}
            return first_answer(Process("shop", words, folder / "shop.log", environment, port))

        for name, start, goal in (
            ("without face model", without, Goal(2.5, 1.5, of="ours", most=True)),
            ("with face model", with_model, Goal(5, 1.5, of="ours", most=True)),
        ):
            pair = alternate(start, imports, rounds=ground.of(1, STARTS))
            yield Figure(
                f"CG14 {name}",
                pair.ours,
                "s",
                pair.reference,
                f'python -c "{IMPORTS}"',
                goal,
                pair.spread,
                "the ratio is to be 6 at most",
            )


def first_answer(process: Process) -> float:
    def answer() -> None:
        process.start()
        process.wait_until_ready()

    try:
        return seconds(answer)
    finally:
        process.kill()


def imports() -> float:
    return seconds(lambda: subprocess.run([sys.executable, "-c", IMPORTS], check=True, cwd=ROOT))


@bench("CG15", "memory of a serving process", "postgresql")
def cg15(ground: Ground, database: str) -> Iterator[Figure]:
    rounds = [ground.of(1, 5), ground.of(2, 50)]  # 1,000 and 10,000 orders
    with ground.fleet(database, servers=1) as fleet, ground.plain("sqlalchemy", servers=1) as [plain]:
        goods, buyers = [fleet.stock("TEA", 1_000_000)], fleet.shoppers(BUYERS)
        wire.run([plain.port], [wire.request("GET", "/")] * 1000, clients=16).expect(200)
        bare = serving_mb(plain.pid)
        at: list[tuple[float, float]] = []
        for number in range(1, rounds[1] + 1):
            orders(fleet, buyers, goods, threads=16)
            if number in rounds or number % 10 == 0:
                at.append((number * BUYERS, serving_mb(fleet.servers[0].pid)))
    early, late = dict(at)[rounds[0] * BUYERS], at[-1][1]
    yield Figure(
        "CG15 memory",
        late,
        "MB",
        bare,
        "a bare Flask view with one SELECT through SQLAlchemy, same server",
        Goal(2.5, 1.8, most=True),
        note=f"one process, without face model, after {rounds[1] * BUYERS:,} orders",
        curve=at,
        curve_of="orders",
    )
    yield Figure(
        "CG15 growth",
        late,
        "MB",
        early,
        f"the same process after {rounds[0] * BUYERS:,} orders",
        Goal(1.05, 1.02, most=True),
    )


def serving_mb(arbiter: int) -> float:
    """Resident memory of the child that serves."""
    [child] = Path(f"/proc/{arbiter}/task/{arbiter}/children").read_text().split()
    lines = Path(f"/proc/{child}/status").read_text().splitlines()
    [resident] = [line for line in lines if line.startswith("VmRSS:")]
    return int(resident.split()[1]) / 1024
