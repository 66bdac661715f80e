"""Everybody wants the same thing: scans of one sku against the database's own tool doing their condition and insert."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import insert, make_url, text

from backend.carts.piece import Piece, put
from backend.carts.scan import Scan, scan
from backend.carts.tables import carts
from backend.clock import SystemClock, SystemIds
from backend.db.transaction import Runner, Transaction, engine_for
from backend.identity import shoppers
from backend.inventory.resolve_label import Named, read_code
from tests.bench.figure import ROUNDS, TAKES_MAX, Figure, Goal, alternate, bench
from tests.bench.ground import Ground
from tests.databases import binary
from tests.proof.fleet import Fleet, Good

Span = tuple[float, float]  # of the monotonic clock, in seconds
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
        named, place = name(fleet, hot), (fleet.store().store.id, hot.sku)
        script = ground.folder / "reserve.sql"
        script.write_text(RESERVE.format(store=fleet.store().store.id, sku=hot.sku))

        def rate(act: Callable[..., Span], what: object, of: Iterator[object]) -> float:
            some = list(islice(of, several))
            shares = [some[part::PROCESSES] for part in range(PROCESSES)]
            url = fleet.settings.main_url
            spans = list(both.map(act, [url] * PROCESSES, [what] * PROCESSES, shares))
            return several / (max(end for _, end in spans) - min(begun for begun, _ in spans))

        def raw() -> float:
            return pgbench(fleet.settings.main_url, script, ground.of(1, 4))

        rounds = ground.of(1, ROUNDS)
        reserved = alternate(lambda: rate(reserves, place, iter(begin(fleet, several))), raw, rounds=rounds)
        scanned = alternate(lambda: rate(scans, named, guests), raw, rounds=rounds)
    words = "pgbench, 64 clients: the conditional UPDATE of the stock row and the INSERT of a reservation"
    clients = "64 threads in two processes, without HTTP"
    for what, pair, note in (
        (
            "CG5",
            reserved,
            f"{clients}: the one statement that reserves, with its line and its scan, in a cart that is there",
        ),
        ("CG5 whole scan", scanned, f"{clients}: the use case, each by a new shopper, so with a new cart"),
    ):
        yield Figure(what, pair.ours, "scans/s", pair.reference, words, Goal(0.50, 0.70), pair.spread, note)


def take_in(fleet: Fleet, several: int) -> Sequence[str]:
    at = fleet.services
    guests = [at.ids.uuid7() for _ in range(several)]

    def create(tx: Transaction) -> None:
        for guest in guests:
            shoppers.create_guest(tx, shopper_id=guest, language="en", now=at.clock.now())

    at.run(create)
    return guests


def begin(fleet: Fleet, several: int) -> list[tuple[str, str]]:
    """As many new shoppers, each with an open cart."""
    at, store_id = fleet.services, fleet.store().store.id
    rows: list[dict[str, Any]] = [
        {"id": at.ids.uuid7(), "store_id": store_id, "shopper_id": guest, "state": "open", "extensions": 0}
        | {"created_at": at.clock.now(), "expires_at": at.clock.now() + CART_LIFETIME}
        for guest in take_in(fleet, several)
    ]
    at.run(lambda tx: tx.execute(insert(carts), rows))
    return [(row["shopper_id"], row["id"]) for row in rows]


def name(fleet: Fleet, good: Good) -> Named:
    at = fleet.services
    return read_code(good.label, host=at.settings.public_host, keys=at.label_keys)


def scans(url: str, named: Named, guests: Sequence[str]) -> Span:
    ids, clock = SystemIds(), SystemClock()

    def one(run: Runner, guest: str) -> None:
        asked = Scan(guest, ids.uuid7(), named)
        run(lambda tx: scan(tx, asked, lifetime=CART_LIFETIME, ids=ids, now=clock.now()))

    return at_once(url, one, guests)


def reserves(url: str, place: tuple[str, str], begun: Sequence[tuple[str, str]]) -> Span:
    """place: store and sku."""
    ids, clock = SystemIds(), SystemClock()
    store_id, sku = place

    def one(run: Runner, cart: tuple[str, str]) -> None:
        shopper_id, cart_id = cart
        piece = Piece(
            shopper_id=shopper_id,
            scan_id=ids.uuid7(),
            cart_id=cart_id,
            store_id=store_id,
            sku=sku,
            line_id=ids.uuid7(),
            unit_price_minor=1_00,
            vat_rate_bp=1500,
            held_until=clock.now() + CART_LIFETIME,
        )
        assert run(lambda tx: put(tx, piece, now=clock.now()))

    return at_once(url, one, begun)


def at_once(url: str, one: Callable[[Runner, Any], None], given: Sequence[Any]) -> Span:
    """When this process began and ended, on all its threads."""
    engine = engine_for(url, pool_size=THREADS)
    run = Runner(engine)
    awake = text("SELECT pg_sleep(0.2)")
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: run.look(lambda tx: tx.execute(awake)), range(THREADS)))
        begun = time.monotonic()
        list(pool.map(partial(one, run), given))
        ended = time.monotonic()
    engine.dispose()
    return begun, ended


def pgbench(url: str, script: Path, for_s: int) -> float:
    given = make_url(url)
    words = [binary("pgbench"), "-n", "-f", str(script), "-c", "64", "-j", "2", "-T", str(for_s)]
    words += ["-h", str(given.query["host"]), "-U", "postgres", str(given.database)]
    done = subprocess.run(words, check=True, text=True, capture_output=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])
