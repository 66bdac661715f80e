"""CT16: SQLite with every kind of writer and reader at once; then a full disk, and one that is read-only."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from itertools import chain

from backend.operations.shopper_device import Reply
from tests.proof.disk import disk_trouble
from tests.proof.fleet import Fleet, Good
from tests.proof.load import Clients, clients, meanwhile, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

# Between two things of one shopper. Both have to be answered in time; where only the hurried are not, it is the
# processor that they wait for, not the file.
HURRIED_S, UNHURRIED_S = (0.4, 1.0), (2.0, 4.0)
BACKUP_PAUSE_S, REPORT_PAUSE_S = 5.0, 0.5
P99_S_MAX = 0.25
WAL_BYTES_MAX = 64 * 2**20


@proof("CT16", "SQLite under writers", sabotage="deferred_begin", databases=("sqlite",))
def ct16(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    threads, seconds = size.of(16, 64), size.of(4, 300)
    goods = [fleet.stock(f"GOOD-{number}", 1_000_000, price_minor=10) for number in range(20)]
    buyers, report, backups = fleet.shoppers(threads), Report(fleet), Backups(fleet)
    shoppers = [Shopper(buyer, goods, seed + number) for number, buyer in enumerate(buyers)]
    with clients(threads) as some, meanwhile(backups.make), meanwhile(report.read):
        hurried = visit(some, shoppers, seconds, HURRIED_S)
        unhurried = visit(some, shoppers, size.of(1, 300), UNHURRIED_S if size is Size.FULL else HURRIED_S)
    wal_bytes = (fleet.settings.data / "smartpay.sqlite-wal").stat().st_size
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    found.demand(wal_bytes <= WAL_BYTES_MAX, f"the log is {wal_bytes} bytes")
    found.demand(not report.odd, f"reports {dict(report.odd)}")
    if size is Size.FULL:
        for who, waits in (("hurried", hurried), ("unhurried", unhurried)):
            found.demand(waits.p99_s <= P99_S_MAX, f"p99 of {who} writes {1000 * waits.p99_s:.0f} ms")
        disk_trouble(found)
    found.n = hurried.n + unhurried.n
    found.figure = (
        f"{threads} clients, no busy file; {hurried} by hurried ones, {unhurried} by unhurried ones;"
        f" log {wal_bytes / 2**20:.1f} MiB; {backups.times} backups and {report.times} reports beside them"
    )
    return found


@dataclass(frozen=True)
class Waits:
    """How long the answers of one visit took."""

    n: int
    p50_s: float
    p99_s: float

    def __str__(self) -> str:
        return f"{self.n} requests of p50 {1000 * self.p50_s:.0f} ms and p99 {1000 * self.p99_s:.0f} ms"


def visit(some: Clients, shoppers: list[Shopper], seconds: float, think_s: tuple[float, float]) -> Waits:
    """All shop for so long, and take as long as `think_s` says between two things."""
    until = time.monotonic() + seconds
    waits_s = sorted(chain(*some.at_once(lambda client: shoppers[client].shop(until, think_s))))
    return Waits(len(waits_s), waits_s[len(waits_s) // 2], waits_s[int(0.99 * len(waits_s))])


class Shopper:
    """Scans a few goods, thinks before each, and pays."""

    def __init__(self, buyer: Buyer, goods: list[Good], seed: int) -> None:
        self.buyer, self.goods = buyer, goods
        self.chance = random.Random(seed)
        self.waits_s: list[float] = []
        call = buyer.transport

        def timed(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
            begun = time.monotonic()
            try:
                return call(method, path, headers, body)
            finally:
                self.waits_s.append(time.monotonic() - begun)

        buyer.transport = timed

    def shop(self, until: float, think_s: tuple[float, float]) -> list[float]:
        """How many seconds each answer took."""
        self.waits_s = []
        while time.monotonic() < until:
            for good in self.chance.sample(self.goods, self.chance.randint(1, 4)):
                time.sleep(self.chance.uniform(*think_s))
                scanned = self.buyer.scan(good.label)
            if scanned.status == 201:
                self.buyer.buy(scanned.json["cart"]["id"])
        return self.waits_s


class Backups:
    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.times = 0

    def make(self) -> None:
        """`smartpay backup`, as a timer would start it."""
        fleet, path = self.fleet, self.fleet.folder / f"backup-{self.times}"
        done = fleet.smartpay(fleet.settings, "backup", str(path))
        assert done.returncode == 0, done.stderr[-500:]
        self.times += 1
        time.sleep(BACKUP_PAUSE_S)


class Report:
    def __init__(self, fleet: Fleet) -> None:
        self.token, self.wire = fleet.staff("manager"), fleet.wire
        self.times = 0
        self.odd: Counter[str] = Counter()

    def read(self) -> None:
        path = "/v1/staff/sales?store=R1"
        reply = self.wire("GET", path, {"Authorization": f"Bearer {self.token}"}, b"")
        self.times += 1
        if reply.status != 200:
            self.odd[said(reply)] += 1
        time.sleep(REPORT_PAUSE_S)
