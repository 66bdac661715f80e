"""CT18: nginx, two nodes, two workers, PostgreSQL and Redis; each of them goes away in turn, and nothing is lost."""

from __future__ import annotations

import os
import random
import secrets
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from threading import Event, Thread
from typing import TypeVar

from redis import Redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.adapters.redis_counts import counter
from backend.operations.shopper_device import Reply
from tests.proof.fleet import REQUESTS_PER_MINUTE_MAX, Fleet
from tests.proof.load import CutOff, Wire, insist, said
from tests.proof.processes import Process
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import PIN, Buyer

PAUSE_S = 0.3  # between two blows, in which orders come through
SEEN_S_MAX = 1.0
CUT = text(
    "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE "
    "datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 5) AS chosen"
)
Got = TypeVar("Got")
STRANGER, NETWORK = "198.51.100.7", "198.51.100.0/24"


@dataclass(frozen=True)
class Paid:
    buyer: Buyer
    checkout_id: str
    grant: str
    key: str
    reply: Reply


class Crowd:
    """Clients behind nginx who buy, look and watch the queue, and repeat what got no final answer."""

    def __init__(self, fleet: Fleet, buyers: list[Buyer], label: str, seed: int) -> None:
        self.buyers, self.label, self.seed = buyers, label, seed
        self.token = fleet.staff("packer", "R2")
        self.wire = fleet.wire
        self.failed: Counter[str] = Counter()  # answers that a client had to ask for again
        self.refused: Counter[str] = Counter()
        self.paid: deque[Paid] = deque(maxlen=100)
        self.orders = 0
        self.ended = Event()

    @contextmanager
    def at_it(self) -> Iterator[None]:
        threads = [Thread(target=self.go, args=[number]) for number in range(len(self.buyers))]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ended.set()
            for thread in threads:
                thread.join()

    def go(self, number: int) -> None:
        buyer, chance = self.buyers[number], random.Random(self.seed + number)
        while not self.ended.is_set():
            if chance.random() < 0.6:
                self.buy(buyer)
            elif chance.random() < 0.5:
                self.ask(lambda: buyer.call("GET", "/v1/carts/current?store=R1"))
            else:
                self.ask(lambda: queue(self.wire, self.token))

    def buy(self, buyer: Buyer) -> None:
        scan_id, opening, paying = (secrets.token_hex(8) for _ in range(3))
        scanned = self.ask(lambda: buyer.scan(self.label, scan_id=scan_id))
        if not self.went_well(scanned, 200, 201):
            return
        cart_id = scanned.json["cart"]["id"]
        opened = self.ask(lambda: buyer.open_checkout(cart_id, key=opening))
        if not self.went_well(opened, 201):
            return
        checkout_id = opened.json["id"]
        grant = patiently(lambda: buyer.grant(checkout_id))
        reply = self.ask(lambda: buyer.settle(checkout_id, grant, key=paying))
        if self.went_well(reply, 201):
            self.orders += 1
            self.paid.append(Paid(buyer, checkout_id, grant, paying, reply))
        else:  # a node that dies holding the PIN's slot has counted a try; the cart is wanted again
            self.ask(lambda: buyer.call("DELETE", f"/v1/checkouts/{checkout_id}"))

    def ask(self, send: Callable[[], Reply]) -> Reply:
        def counted() -> Reply:
            try:
                reply = send()
            except CutOff:
                self.failed["cut off"] += 1
                raise
            if reply.status >= 500:
                self.failed[said(reply)] += 1
            return reply

        return insist(counted)

    def went_well(self, reply: Reply, *statuses: int) -> bool:
        if reply.status not in statuses:
            self.refused[said(reply)] += 1
        return reply.status in statuses


def patiently(work: Callable[[], Got]) -> Got:
    """The harness itself speaks to the database, and must bear what the nodes bear."""
    while True:
        try:
            return work()
        except SQLAlchemyError:
            time.sleep(PAUSE_S)


def queue(wire: Wire, token: str) -> Reply:
    return wire("GET", "/v1/staff/orders?store=R2&state=paid", {"Authorization": f"Bearer {token}"}, b"")


@proof("CT18", "Two nodes", sabotage="killed_not_drained", databases=("postgresql",), shared_counts=True)
def ct18(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    found.require(fleet.front is not None, "nginx is not installed")
    ends_at = time.monotonic() + size.of(0, 600)
    dates, figs = fleet.stock("DATES", 1_000_000), fleet.stock("FIGS", 1_000, store="R2")
    crowd = Crowd(fleet, fleet.shoppers(size.of(6, 64), money_minor=100_000_00), dates.label, seed)
    node, other = fleet.servers
    with crowd.at_it():
        time.sleep(PAUSE_S)
        drained = drains(fleet, crowd, found, other, 5 if fleet.sabotaged else size.of(1, 20))
        with fleet.supervised():
            for _ in range(size.of(1, 20)):
                node.kill()
                time.sleep(PAUSE_S)
        without_redis(fleet, crowd, found, seconds=size.of(1, 60))
        cut = cut_connections(fleet, size.of(10, 200))
        restarts = restart_database(fleet, size.of(0, 3))
        while time.monotonic() < ends_at:
            time.sleep(PAUSE_S)
    seen_s = shown_by_the_other(fleet, crowd, found, figs.label, size.of(2, 20))
    same_answer(fleet, crowd, found, size.of(5, 100))
    found.demand(not any(said.startswith("500") for said in crowd.failed), f"answers {dict(crowd.failed)}")
    found.n = crowd.orders
    found.figure = (
        f"{crowd.orders} orders by {len(crowd.buyers)} clients; node killed {node.killed} times, the other drained "
        f"{drained} times with 0 failed requests, {cut} connections cut, database restarted {restarts} times; repeated "
        f"after {sum(crowd.failed.values())} failures; on the other node's queue after {seen_s * 1000:.0f} ms at most"
    )
    return found


def drains(fleet: Fleet, crowd: Crowd, found: Found, node: Process, times: int) -> int:
    for _ in range(times):
        before = crowd.failed.total()
        if fleet.sabotaged:
            node.kill()
        else:
            assert node.child
            os.kill(node.child.pid, signal.SIGTERM)  # as systemd does: the arbiter alone
            node.child.wait()
        node.start()
        node.wait_until_ready()
        time.sleep(PAUSE_S)
        failed = crowd.failed.total() - before
        found.demand(failed == 0, f"{failed} failed requests while a node was drained: {dict(crowd.failed)}")
    return times


def without_redis(fleet: Fleet, crowd: Crowd, found: Found, *, seconds: int) -> None:
    """Both nodes count together; without Redis they let everybody in, and orders go on."""
    assert fleet.redis
    now = fleet.services.clock.now()
    with fleet.past_nginx() as strangers:
        found.demand(statuses(strangers) == [200, 200], "a stranger is limited before the limit")
        with Redis.from_url(fleet.settings.redis_url) as counts:
            for at in (now, now + timedelta(minutes=1)):
                counts.incrby(counter(NETWORK, at), REQUESTS_PER_MINUTE_MAX)
        limited = statuses(strangers)
        found.demand(limited == [429, 429], f"two nodes do not count together: {limited}")
        fleet.redis.kill()
        before = crowd.orders
        time.sleep(seconds)
        found.demand(statuses(strangers) == [200, 200], "without Redis a stranger is turned away")
    found.demand(crowd.orders > before, "no order came through without Redis")
    fleet.redis.start()


def statuses(strangers: list[Wire]) -> list[int]:
    return [wire("GET", "/v1/stores", {"X-Forwarded-For": STRANGER}, b"").status for wire in strangers]


def cut_connections(fleet: Fleet, several: int) -> int:
    def cut_some() -> int:
        with fleet.engine.connect() as connection:
            return len(connection.execute(CUT).all())

    cut = 0
    while cut < several:
        cut += patiently(cut_some)
        time.sleep(PAUSE_S)
    return cut


def restart_database(fleet: Fleet, times: int) -> int:
    assert fleet.cluster
    for _ in range(times):
        fleet.cluster.crash()
        fleet.cluster.start()
        time.sleep(10 * PAUSE_S)
    return times


def shown_by_the_other(fleet: Fleet, crowd: Crowd, found: Found, label: str, several: int) -> float:
    """Seconds from the answer of one node to the order on the queue of the other; the longest."""
    buyer, longest = crowd.buyers[0], 0.0
    with fleet.past_nginx() as (one, other):
        buyer.transport = one
        for _ in range(several):
            scanned = buyer.put(label)
            paid = buyer.buy(scanned.json["cart"]["id"])
            found.require(paid.status == 201, f"past nginx: {said(paid)}")
            began, order_id = time.monotonic(), paid.json["order"]["id"]
            while order_id not in {order["id"] for order in queue(other, crowd.token).json["orders"]}:
                found.require(time.monotonic() < began + 30, "an order never came to the other node's queue")
            longest = max(longest, time.monotonic() - began)
    found.demand(longest <= SEEN_S_MAX, f"an order came to the other node's queue after {longest:.1f} s")
    buyer.transport = fleet.wire
    return longest


def same_answer(fleet: Fleet, crowd: Crowd, found: Found, several: int) -> None:
    """A payment repeated with its key, at either node: byte for byte what was answered first."""
    with fleet.past_nginx() as wires:
        for paid, wire in product(list(crowd.paid)[-several:], wires):
            paid.buyer.transport = wire
            again = paid.buyer.pay(paid.checkout_id, paid.grant, PIN, key=paid.key)
            same = (again.status, again.body) == (paid.reply.status, paid.reply.body)
            found.demand(same, f"repeated at another node: {said(again)}")
            paid.buyer.transport = fleet.wire
