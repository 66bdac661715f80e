"""A shop of its own for a proof: databases on disk, server and worker processes, and what fills the shelves.

SQLite: two servers and one worker over one data folder. PostgreSQL: two nodes behind nginx (where it is installed) and
two workers, on a cluster of their own with its usual, durable settings.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Engine, event

from backend import wiring
from backend.db.transaction import engine_for
from backend.ledger.accounts import open_store_accounts
from backend.operations import migrate
from backend.operations.demo_server import free_port
from backend.operations.init import init
from backend.settings import Settings
from catalogue.labels import sign_label
from tests.backend.inventory.shelf import Shelf
from tests.databases import Cluster
from tests.fakes import NamedFaces, QuickHasher
from tests.proof import invariants
from tests.proof.load import Log, Wire
from tests.proof.node import NodeOptions
from tests.proof.processes import (
    NODE_OPTIONS_AT,
    Process,
    Supervisor,
    nginx_before,
    redis,
    server,
    smartpay_once,
    worker,
)
from tests.proof.sabotage import SABOTAGES, drop_checks, ignore_checks
from tests.proof.shoppers import Buyer, employ, sign_up

SIGNED_IN = timedelta(hours=1)  # the most there may be: nobody signs in again within a proof
SERVERS = 2
ON_DISK = "/var/tmp"  # noqa: S108 - by the Filesystem Hierarchy Standard; /tmp may be memory
REQUESTS_PER_MINUTE_MAX = 30_000  # far above what a load can do here
WORKERS = {"sqlite": 1, "postgresql": 2}


@dataclass(frozen=True)
class Good:
    sku: str
    label: str  # the code that a camera reads off it


class Fleet:
    """Open it with `open_fleet`; `services` are the use cases, in this process, over the same database."""

    def __init__(
        self, settings: Settings, folder: Path, cluster: Cluster | None, options: NodeOptions
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.cluster = cluster
        self.options = options
        self.log = Log()
        self.wire = Wire(self.ports)
        self.services = wiring.build(settings, faces=NamedFaces())
        self.hasher = self.services.pin_hasher if options.pins == "real" else QuickHasher()
        self.engine: Engine = self.services.run.engine
        if options.switch:
            event.listen(self.engine, "connect", ignore_checks)
        self.numbers = count(1)
        self.servers: list[Process] = []
        self.workers: list[Process] = []
        self.front: Process | None = None  # nginx
        self.redis: Process | None = None
        self.shelves: dict[str, Shelf] = {}
        self.databases: list[str] = []  # of further machines

    @property
    def database(self) -> str:
        return "postgresql" if self.cluster else "sqlite"

    @property
    def processes(self) -> list[Process]:
        return [*self.servers, *self.workers]

    def start(self, *, servers: int = SERVERS, workers: int | None = None) -> None:
        self.servers = [server(self.settings, self.options, self.folder) for _ in range(servers)]
        several = WORKERS[self.database] if workers is None else workers
        if self.settings.redis_url:
            self.redis = redis(self.folder, urlsplit(self.settings.redis_url).port or 0)
            self.redis.start()
        self.workers = [worker(self.settings, self.options, self.folder) for _ in range(several)]
        for one in self.processes:
            one.start()
        for one in self.servers:
            one.wait_until_ready()
        if self.cluster and self.servers:
            self.front = nginx_before(self.servers, self.folder)

    def machine(self) -> Settings:
        """Another one, with nothing on it yet: no keys, no schema."""
        name = f"machine_{next(self.numbers)}"
        url = ""
        if self.cluster:
            self.databases.append(f"proof_{next(self.cluster.numbers)}")
            url = self.cluster.create(self.databases[-1])
        return Settings(data=self.folder / name, database_url=url)

    def smartpay(self, settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
        """One command, as its nodes are started."""
        return smartpay_once(settings, self.options, self.folder, *words)

    @property
    def sabotaged(self) -> str:
        """Which of SABOTAGES is on; a proof looks where the harm is in what itself does."""
        return Path(self.options.switch).read_text() if self.options.switch else ""

    def stop(self) -> None:
        for one in [*self.processes, *filter(None, [self.front, self.redis])]:
            one.kill()
        self.wire.close()
        self.engine.dispose()
        self.services.keys.engine.dispose()
        for name in self.databases:
            assert self.cluster
            self.cluster.drop(name)

    def ports(self) -> list[int]:
        """Where clients knock: at nginx, else at the servers."""
        return [self.front.port] if self.front else [one.port for one in self.servers]

    @contextmanager
    def past_nginx(self) -> Iterator[list[Wire]]:
        """One to each server."""
        wires = [Wire(partial(list, [node.port])) for node in self.servers]
        try:
            yield wires
        finally:
            for wire in wires:
                wire.close()

    def url(self, number: int = 0) -> str:
        """Of one server, past nginx."""
        return f"http://127.0.0.1:{self.servers[number].port}"

    def trap(self, moment: str) -> Path:
        """Whichever process comes to this moment next is killed there; then the file is gone."""
        file = self.folder / "traps" / moment
        file.touch()
        return file

    @contextmanager
    def hurried(self, **lifetimes_s: float) -> Iterator[None]:
        """Carts and checkouts that begin in the block live so long: cart_lifetime=2."""
        file = Path(self.options.hurry)
        file.write_text(json.dumps(lifetimes_s))
        try:
            yield
        finally:
            file.write_text("{}")

    @contextmanager
    def without_workers(self) -> Iterator[None]:
        for one in self.workers:
            one.kill()
        try:
            yield
        finally:
            for one in self.workers:
                one.start()

    def set_apart(self, node: Process, **options: Any) -> None:
        """It starts again, with options of its own."""
        node.kill()
        node.command[NODE_OPTIONS_AT] = json.dumps(asdict(replace(self.options, **options)))
        node.start()
        if node.port:
            node.wait_until_ready()

    def supervised(self) -> Supervisor:
        """`with fleet.supervised():` processes that die are started again."""
        return Supervisor(self.processes)

    def sabotage(self, name: str) -> None:
        """From now on in a scratch fleet: one of SABOTAGES, or "" for none."""
        assert name in SABOTAGES or not name, name
        Path(self.options.switch).write_text(name)

    # Goods and people, through the use cases.

    def store(self, code: str = "R1") -> Shelf:
        """A store with its counters and accounts; the same one for the same code."""
        if code not in self.shelves:
            shelf = Shelf(self.services.run, code)
            shelf.numbers = self.numbers  # a product is known to all stores
            self.services.run(lambda tx: open_store_accounts(tx, shelf.store.id, "SAR"))
            self.shelves[code] = shelf
        return self.shelves[code]

    def stock(self, name: str, pieces: int, *, price_minor: int = 1_00, store: str = "R1") -> Good:
        """A product of its own, whatever other proofs in this fleet call theirs."""
        shelf = self.store(store)
        sku = shelf.put(f"{name}-{next(self.numbers)}", pieces=pieces, price_minor=price_minor)
        host, key = self.settings.public_host, self.services.label_key
        return Good(sku, sign_label(shelf.gtin(sku), store, host=host, key=key))

    def shoppers(self, several: int, *, money_minor: int = 1_000_00) -> list[Buyer]:
        """Each with a device, a session, the PIN and money in the wallet."""
        return sign_up(self, several, money_minor=money_minor)

    def shopper(self, *, money_minor: int = 1_000_00) -> Buyer:
        return self.shoppers(1, money_minor=money_minor)[0]

    def staff(self, role: str, *stores: str) -> str:
        """A Bearer token of somebody new with that role."""
        return employ(self, role, [self.store(code).store.id for code in stores or ("R1",)])

    # What must hold.

    def invariants(self) -> list[str]:
        """I1–I9: one line for each fault; empty is good. Waits until the workers have delivered."""
        self.engine.dispose()  # a connection may be of before the last crash of the database
        return invariants.broken(self.engine, self.log, delivered=bool(self.workers))


@contextmanager
def open_fleet(
    database: str,
    *,
    cluster: Cluster | None = None,
    scratch: bool = False,
    servers: int = SERVERS,
    workers: int | None = None,
    where: str | None = ON_DISK,
    shared_counts: bool = False,
    data: Path | None = None,
    **options: Any,
) -> Iterator[Fleet]:
    """A running fleet over a fresh database.

    cluster: for PostgreSQL. where: folder for its own, None for where tests have theirs.
    shared_counts: with Redis, and a limit of requests a minute.
    data: folder of the shop's data, if it is to be elsewhere.
    scratch: without CHECKs and open to `sabotage`. options: fields of NodeOptions.
    """
    folder = Path(tempfile.mkdtemp(prefix="smartpay-proof-", dir=where))
    (folder / "traps").mkdir()
    (folder / "switch").touch()
    (folder / "hurry").write_text("{}")
    name, url = "", ""
    if database == "postgresql":
        assert cluster, "a proof on PostgreSQL needs a cluster"
        name = f"proof_{next(cluster.numbers)}"
        url = cluster.create(name)
    settings = Settings(data=data or folder / "var", database_url=url, access_lifetime=SIGNED_IN)
    if shared_counts:
        address = f"redis://127.0.0.1:{free_port()}"
        settings = replace(settings, redis_url=address, requests_per_minute_max=REQUESTS_PER_MINUTE_MAX)
    fleet: Fleet | None = None
    try:
        prepare(settings, scratch=scratch)
        switch = str(folder / "switch") if scratch else ""
        nodes = NodeOptions(str(folder / "hurry"), str(folder / "traps"), switch, **options)
        fleet = Fleet(settings, folder, cluster if url else None, nodes)
        fleet.start(servers=servers, workers=workers)
        yield fleet
    finally:
        if fleet:
            fleet.stop()
        if cluster and name:
            cluster.drop(name)
        shutil.rmtree(folder, ignore_errors=True)


def prepare(settings: Settings, *, scratch: bool) -> None:
    init(settings)
    migrate.upgrade(settings.main_url, settings.keys_url)
    if scratch:
        engine = engine_for(settings.main_url)
        with engine.begin() as connection:
            drop_checks(connection)
        engine.dispose()
