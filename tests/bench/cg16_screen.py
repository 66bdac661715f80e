"""From a payment at one node to the packaging screen that asks the other, as the page's script does."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Event, Thread

from sqlalchemy import text

from admin_panel.access import SESSION_COOKIE
from tests.bench.figure import Figure, Goal, bench
from tests.bench.ground import Ground
from tests.proof.fleet import Fleet
from tests.proof.load import Wire

POLL_S = 0.5  # admin_panel/static/queue.js
IDLE_SCREENS = 20
ASKED = text(
    "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database WHERE datname = current_database()"
)


class Screen:
    """One that keeps its ETag, on a thread of its own."""

    def __init__(self, fleet: Fleet, node: int) -> None:
        self.wire = Wire(partial(list, [fleet.servers[node].port]))
        self.headers = {"Cookie": f"{SESSION_COOKIE}={fleet.staff('packer')}"}
        self.seen_at: dict[str, float] = {}  # by order
        self.ended = Event()

    @contextmanager
    def open(self) -> Iterator[None]:
        thread = Thread(target=self.go_on)
        thread.start()
        try:
            yield
        finally:
            self.ended.set()
            thread.join()
            self.wire.close()

    def go_on(self) -> None:
        while not self.ended.is_set():
            reply = self.wire("GET", "/staff/R1/queue/fragment", self.headers, b"")
            assert reply.status in (200, 304), reply
            if reply.status == 200:
                self.headers["If-None-Match"] = reply.headers["ETag"]
                for part in reply.body.decode().split('data-order="')[1:]:
                    self.seen_at.setdefault(part.split('"')[0], time.monotonic())
            self.ended.wait(POLL_S)


@bench("CG16", "an order on the packaging screen", "postgresql")
def cg16(ground: Ground, database: str) -> Iterator[Figure]:
    with ground.fleet(database, workers=0) as fleet:
        for name, node, goal in (
            ("one node", 0, Goal(1, 0.3, of="ours", most=True)),
            ("two nodes", 1, Goal(1.5, 0.3, of="ours", most=True)),
        ):
            waits_s = sorted(waits(fleet, node, ground.of(5, 100)))
            note = f"{len(waits_s)} orders, median {waits_s[len(waits_s) // 2]:.2f} s; the screen asks every {POLL_S} s"
            yield Figure(f"CG16 {name}", waits_s[int(0.95 * len(waits_s))], "s", goal=goal, note=note)
        queries = idle(fleet, ground.of(3, 20))
    yield Figure(
        "CG16 idle",
        queries,
        "queries/s",
        goal=Goal(1, 0.5, of="ours", most=True),
        note=f"of each of {IDLE_SCREENS} screens on one node",
    )


def waits(fleet: Fleet, node: int, several: int) -> list[float]:
    chance, good = random.Random(16), fleet.stock("TEA", several)
    buyers, wire, screen = (
        fleet.shoppers(several),
        Wire(partial(list, [fleet.servers[0].port])),
        Screen(fleet, node),
    )
    paid_at: dict[str, float] = {}
    with screen.open():
        for buyer in buyers:
            buyer.transport = wire
            paid = buyer.buy(buyer.put(good.label).json["cart"]["id"])
            assert paid.status == 201, paid
            paid_at[paid.json["order"]["id"]] = time.monotonic()
            time.sleep(chance.uniform(0, POLL_S))
        give_up_at = time.monotonic() + 10
        while not paid_at.keys() <= screen.seen_at.keys() and time.monotonic() < give_up_at:
            time.sleep(0.1)
    return [screen.seen_at[order] - at for order, at in paid_at.items()]


def idle(fleet: Fleet, for_s: int) -> float:
    """Transactions a second of each of many screens on which nothing changes."""
    with ExitStack() as stack:
        for _ in range(IDLE_SCREENS):
            stack.enter_context(Screen(fleet, 0).open())
        time.sleep(3 * POLL_S)
        before = asked(fleet)
        time.sleep(for_s)
        return (asked(fleet) - before) / for_s / IDLE_SCREENS


def asked(fleet: Fleet) -> int:
    time.sleep(1.5)  # statistics are told with delay
    with fleet.engine.connect() as tx:
        return int(tx.execute(ASKED).scalar_one())
