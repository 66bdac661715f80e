"""Everybody wants the same thing: scans of one sku against the database's own tool doing their condition and insert."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import make_url

from backend.carts.scan import Scan, scan
from backend.clock import SystemClock, SystemIds
from backend.db.transaction import Runner, Transaction, engine_for
from backend.identity import shoppers
from backend.inventory.resolve_label import Named, read_code
from tests.bench.figure import ROUNDS, TAKES_MAX, Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.databases import binary
from tests.proof.fleet import Fleet, Good

PROCESSES, THREADS = 2, 32
CART_LIFETIME = timedelta(minutes=10)
RESERVE = """
BEGIN;
UPDATE stock SET reserved = reserved + 1
WHERE store_id = '{store}' AND sku = '{sku}' AND on_hand - reserved >= 1;
INSERT INTO reservations (line_id, cart_id, store_id, sku, quantity, state, expires_at)
VALUES (gen_random_uuid(), gen_random_uuid(), '{store}', '{sku}', 1, 'live', now() + interval '10 minutes');
COMMIT;
"""


@bench("CG5", "one sku that 64 clients want", "postgresql")
def cg5(ground: Ground, database: str) -> Iterator[Figure]:
    several = ground.of(128, 2_000)
    with (
        ground.fleet(database, servers=0, workers=0) as fleet,
        ProcessPoolExecutor(PROCESSES, get_context("spawn")) as both,
    ):
        hot = fleet.stock("TEA", 10_000_000)
        batches = 2 if ground.quick else (ROUNDS + 1) * TAKES_MAX
        guests = iter(take_in(fleet, several * batches))
        named = name(fleet, hot)
        script = ground.folder / "reserve.sql"
        script.write_text(RESERVE.format(store=fleet.store().store.id, sku=hot.sku))

        def ours() -> float:
            some = list(islice(guests, several))
            shares = [some[part::PROCESSES] for part in range(PROCESSES)]
            url = fleet.settings.main_url
            spans = list(both.map(scans, [url] * PROCESSES, [named] * PROCESSES, shares))
            return several / (max(end for _, end in spans) - min(begun for begun, _ in spans))

        pair = alternate(
            ours,
            lambda: pgbench(fleet.settings.main_url, script, ground.of(1, 4)),
            rounds=ground.of(1, ROUNDS),
        )
    yield Figure(
        "CG5",
        pair.ours,
        "scans/s",
        pair.reference,
        "pgbench, 64 clients: the conditional UPDATE of the stock row and the INSERT of a reservation",
        Goal(0.50, 0.70),
        pair.spread,
        "64 threads in two processes, the use case without HTTP; each scan by a new shopper, so with a cart and a line",
    )


def take_in(fleet: Fleet, several: int) -> Sequence[str]:
    at = fleet.services
    guests = [at.ids.uuid7() for _ in range(several)]

    def create(tx: Transaction) -> None:
        for guest in guests:
            shoppers.create_guest(tx, shopper_id=guest, language="en", now=at.clock.now())

    at.run(create)
    return guests


def name(fleet: Fleet, good: Good) -> Named:
    at = fleet.services
    return read_code(good.label, host=at.settings.public_host, keys=at.label_keys)


def scans(url: str, named: Named, guests: Sequence[str]) -> tuple[float, float]:
    """When this process began and ended."""
    engine = engine_for(url, pool_size=THREADS)
    run, ids, clock = Runner(engine), SystemIds(), SystemClock()

    def one(guest: str) -> None:
        asked = Scan(guest, ids.uuid7(), named)
        run(lambda tx: scan(tx, asked, lifetime=CART_LIFETIME, ids=ids, now=clock.now()))

    with ThreadPoolExecutor(THREADS) as pool:
        list(
            pool.map(
                lambda _: run.look(lambda tx: tx.exec_driver_sql("SELECT pg_sleep(0.2)")), range(THREADS)
            )
        )
        begun = time.monotonic()
        list(pool.map(one, guests))
        ended = time.monotonic()
    engine.dispose()
    return begun, ended


def pgbench(url: str, script: Path, for_s: int) -> float:
    given = make_url(url)
    words = [binary("pgbench"), "-n", "-f", script, "-c", "64", "-j", "2", "-T", str(for_s)]
    words += ["-h", str(given.query["host"]), "-U", "postgres", str(given.database)]
    done = subprocess.run(words, check=True, text=True, capture_output=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])
