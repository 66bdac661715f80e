"""Where benchmarks run: fleets of ours, a bare Flask beside them, and the peer, all on one cluster and one machine."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.operations.demo_server import free_port
from tests.bench.cpu import Split
from tests.bench.fill import Trade, fill
from tests.databases import Cluster
from tests.proof.fleet import Fleet, open_fleet
from tests.proof.processes import ROOT, Process

PEER_VENV = ROOT / ".venv-peer"
PEER_TEMPLATE = "peer_template"
PEER_PIECES = 10_000_000  # of its one product; it does not run out


@dataclass
class Ground:
    cluster: Cluster
    folder: Path
    quick: bool = False
    peer_ready: bool = False
    kept: ExitStack = field(default_factory=ExitStack)  # shops that several benchmarks look at
    shops: dict[tuple[str, Trade], Fleet] = field(default_factory=dict)

    def of(self, quick: int, full: int) -> int:
        return quick if self.quick else full

    @contextmanager
    def fleet(self, database: str, **options: Any) -> Iterator[Fleet]:
        with open_fleet(database, cluster=self.cluster, **options) as fleet:
            yield fleet

    def years(self, database: str, trade: Trade) -> Fleet:
        """One node over a shop with that trade behind it; kept until the end."""
        known = database, trade
        if known not in self.shops:
            fleet = self.kept.enter_context(self.fleet(database, servers=1, workers=0))
            fill(fleet.engine, trade)
            self.shops[known] = fleet
        return self.shops[known]

    @contextmanager
    def plain(self, what: str, *, servers: int = 2, **facts: Any) -> Iterator[list[Process]]:
        """Bare Flask processes under the same server as ours; `what` and `facts` as plain.py has them."""
        nodes = []
        for _ in range(servers):
            port = free_port()
            words = [sys.executable, "-m", "tests.bench.plain", what, str(port)]
            words += [f"{name}={value}" for name, value in facts.items()]
            nodes.append(Process(f"plain-{port}", words, self.folder / "plain.log", dict(os.environ), port))
        with running(nodes):
            yield nodes

    @contextmanager
    def peer(self) -> Iterator[Process]:
        """django-oscar under gunicorn as its own documentation starts it, two workers of four threads."""
        port = free_port()
        python = str(PEER_VENV / "bin" / "python")
        environment = dict(os.environ) | {
            "PEER_SECRET": secrets.token_hex(16),
            "PEER_SOCKET": str(self.cluster.folder),
            "PEER_DATABASE": PEER_TEMPLATE,
            "DJANGO_SETTINGS_MODULE": "tests.bench.peer.settings",
        }
        if not self.peer_ready:
            self.cluster.create(PEER_TEMPLATE)
            seed = [python, "-W", "ignore", "-m", "tests.bench.peer.seed", str(PEER_PIECES)]
            subprocess.run(seed, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
            self.peer_ready = True
        options = ["--workers", "2", "--threads", "4", "--bind", f"127.0.0.1:{port}"]
        words = [python, "-m", "gunicorn", *options, "django.core.wsgi:get_wsgi_application()"]
        node = Process("peer", words, self.folder / "peer.log", environment, port, ready="/api/products/")
        with running([node]):
            yield node

    def split(self, fleet: Fleet) -> Split:
        """Of a fleet's processes, the database and this load generator."""
        roots = {
            "servers": [one.pid for one in fleet.servers],
            "workers": [one.pid for one in fleet.workers],
            "load": [os.getpid()],
        }
        return Split(roots | self.database_pids(fleet.database))

    def database_pids(self, database: str) -> dict[str, list[int]]:
        assert self.cluster.server
        return {"postgres": [self.cluster.server.pid]} if database == "postgresql" else {}


@contextmanager
def running(nodes: Sequence[Process]) -> Iterator[None]:
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_until_ready()
        yield
    finally:
        for node in nodes:
            node.kill()
