"""CT10: integrators hear of everything, in an order they can tell, whatever their servers and our workers do.

Workers are processes that are killed between sending and noting; their clock is a day that the proof moves through.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

from backend.adapters.webhook_sender import HttpWebhookSender
from backend.db import events, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Runner, Transaction, engine_for
from backend.messages import webhook_delivery, webhooks
from backend.messages.webhooks import LEASE, Endpoint
from tests.backend.inventory.shelf import IDS, NOON, Shelf
from tests.proof.ct12_reconcile import another_shop
from tests.proof.fleet import Fleet
from tests.proof.load import Clients, clients
from tests.proof.result import Found, Size, proof
from tests.proof.sabotage import here

SECRET = "s3cret of the proof"
DAY = timedelta(hours=23)  # that troubles last; what is not taken for 24 hours is given up
TROUBLES = (500, 302, 0, 503)  # 0: no answer at all
TIMEOUT_S = 0.2
SETTLED_MAX = 60
processes = get_context("forkserver")
processes.set_forkserver_preload([__name__])


@proof("CT10", "Outgoing webhooks", sabotage="marked_before_sent")
def ct10(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found, chance = Found(), random.Random(seed)
    rounds, wanted = size.of(3, 60), size.of(48, 10_000)
    with another_shop(fleet) as run, receiving() as receiver, clients(8) as some:
        shop = Integrators(run, receiver, fleet.sabotaged)
        sound, moody, dead = (shop.add(name) for name in ("sound", "moody", "dead"))
        receiver.answers |= {"/moody": lambda: chance.choice(TROUBLES), "/dead": lambda: 0}
        for _ in range(rounds):
            shop.happens(wanted // rounds)
            claimed_once(found, shop, some, sound.id)
            shop.worker_dies_sending()
            shop.now += LEASE
            shop.workers()
            found.demand(shop.left(sound) == 0, f"sound: {shop.left(sound)} wait, as others do not answer")
            shop.now += DAY / rounds
        receiver.answers["/moody"] = lambda: 200
        shop.until_nothing_waits(sound, moody)
        shop.give_up()
        found.demand(not receiver.taken["/dead"], "the dead endpoint took something")
        for endpoint in (sound, moody):
            complete(found, shop, endpoint)
        again = replayed(found, shop, dead)
        found.demand(not receiver.forged, f"{receiver.forged} signatures do not fit the raw body")
    found.n = len(shop.told)
    repeats = sum(sum(times.values()) - len(times) for times in receiver.taken.values())
    found.figure = (
        f"{len(shop.told)} events to two endpoints through a day of 500, 503, 302 and silence, {shop.killed} "
        f"workers killed while sending: each delivered, {repeats} again under the same id; {again} replayed"
    )
    return found


class Receiver:
    """What integrators run: each path is an endpoint."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[], int]] = {}
        self.taken: dict[str, Counter[str]] = defaultdict(Counter)  # by path: ids, how often each
        self.first: dict[str, list[tuple[int, str]]] = defaultdict(list)  # sequence and id as first taken
        self.forged = 0
        self.came: Callable[[str], None] = lambda _path: None  # before the answer
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def take(self, path: str, signature: str, body: bytes) -> int:
        self.came(path)
        answer = self.answers.get(path, lambda: 200)()
        stamp, mac = (part.split("=")[1] for part in signature.split(","))
        genuine = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
        told = json.loads(body)
        with self.lock:
            self.forged += mac != genuine
            if answer == 200:
                if told["id"] not in self.taken[path]:
                    self.first[path].append((told["sequence"], told["id"]))
                self.taken[path][told["id"]] += 1
        return answer


def handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.take(self.path, self.headers["SmartPay-Signature"], body)
            if status == 0:
                receiver.released.wait(2 * TIMEOUT_S)
                return
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """The proof looks at what was taken."""

    return Handler


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.released.set()
        receiver.server.shutdown()
        receiver.thread.join()
        receiver.server.server_close()


@dataclass(frozen=True)
class Moment:
    at: datetime

    def now(self) -> datetime:
        return self.at


def a_turn(url: str, sabotage: str, now: datetime) -> None:
    """A worker's process: every endpoint that has something to do, each on a thread of its own."""
    run, clock = Runner(engine_for(url)), Moment(now)

    def serve(endpoint_id: str) -> None:
        sender = HttpWebhookSender(private=True, timeout_s=TIMEOUT_S)
        webhook_delivery.serve(endpoint_id, run=run, sender=sender, secret=SECRET, clock=clock)

    with here(sabotage), clients(8) as some:
        some.each(serve, run.read(lambda tx: webhooks.with_work(tx, now=now)))


class Integrators:
    """A store in which things happen, and who is told of them."""

    def __init__(self, run: Runner, receiver: Receiver, sabotage: str) -> None:
        self.run, self.receiver, self.sabotage = run, receiver, sabotage
        self.store_id = Shelf(run).store.id
        self.now = NOON
        self.told: dict[str, datetime] = {}
        self.killed = 0

    def add(self, name: str) -> Endpoint:
        given: Any = {"endpoint_id": IDS.uuid7(), "url": f"{self.receiver.url}/{name}", "kinds": ()}
        return self.run(lambda tx: webhooks.add(tx, **given, store_id=self.store_id, now=self.now))

    def happens(self, several: int) -> None:
        def happen(tx: Transaction) -> list[Happening]:
            last = events.next_numbers(tx, self.store_id, events=several).event_id
            new = [
                Happening(
                    IDS.uuid7(), Kind.ORDER_CHANGED, "an order", {}, store_id=self.store_id, event_id=number
                )
                for number in range(last - several + 1, last + 1)
            ]
            outbox.add(tx, new, now=self.now)
            return new

        self.told |= {happening.id: self.now for happening in self.run(happen)}

    def begin(self) -> Any:
        url = self.run.engine.url.render_as_string(hide_password=False)
        worker = processes.Process(target=a_turn, args=(url, self.sabotage, self.now))
        worker.start()
        return worker

    def workers(self) -> None:
        """Two at once, until they have nothing more to do."""
        both = [self.begin() for _ in range(2)]
        for worker in both:
            worker.join()

    def worker_dies_sending(self) -> None:
        """SIGKILL when the sound endpoint got a message and has not answered."""
        worker = self.begin()

        def strike(path: str) -> None:
            if path == "/sound" and worker.exitcode is None:
                worker.kill()
                worker.join()

        self.receiver.came = strike
        worker.join()
        self.receiver.came = lambda _path: None
        self.killed += worker.exitcode != 0

    def left(self, endpoint: Endpoint) -> int:
        return self.run.read(lambda tx: webhooks.waiting(tx, endpoint.id))["due"]

    def until_nothing_waits(self, *several: Endpoint) -> None:
        for _ in range(SETTLED_MAX):
            if not any(self.left(endpoint) for endpoint in several):
                return
            self.now += timedelta(minutes=10)
            self.workers()

    def give_up(self) -> None:
        self.now += timedelta(hours=25)
        self.workers()


def claimed_once(found: Found, shop: Integrators, some: Clients, endpoint_id: str) -> None:
    """All clients grab for the same messages and the same endpoint: nobody holds what another does."""
    took = some.at_once(lambda _: shop.run(lambda tx: outbox.claim(tx, now=shop.now, limit=5)))
    messages = Counter(claimed.happening.id for each in took for claimed in each)
    doubled = [name for name, times in messages.items() if times > 1]
    found.demand(not doubled, f"messages claimed by two: {doubled}")
    claims = some.at_once(lambda _: shop.run(lambda tx: webhooks.claim(tx, endpoint_id, now=shop.now)))
    holders = sum(claim is not None for claim in claims)
    found.demand(holders == 1, f"{holders} hold one endpoint")
    shop.run(lambda tx: webhooks.release(tx, endpoint_id))


def complete(found: Found, shop: Integrators, endpoint: Endpoint) -> None:
    path = endpoint.url.removeprefix(shop.receiver.url)
    missing = shop.told.keys() - shop.receiver.taken[path].keys()
    found.demand(not missing, f"{path} was not told of {len(missing)} of {len(shop.told)}")
    strange = shop.receiver.taken[path].keys() - shop.told.keys()
    found.demand(not strange, f"{path} was told of {len(strange)} that did not happen")
    numbers = sorted(sequence for sequence, _ in shop.receiver.first[path])
    found.demand(numbers == sorted(set(numbers)), f"{path} got a sequence number twice")
    order = [name for _, name in sorted(shop.receiver.first[path])]
    happened = [name for name in shop.told if name not in missing]
    found.demand(order == happened, f"{path} cannot tell the order by the sequence numbers")


def replayed(found: Found, shop: Integrators, endpoint: Endpoint) -> int:
    """Of what was given up, the first hour, once the endpoint is well."""
    shop.receiver.answers["/dead"] = lambda: 200
    after, until = NOON, NOON + timedelta(hours=1)
    count = shop.run(lambda tx: webhooks.replay(tx, endpoint, after=after, until=until, now=shop.now))
    shop.now += timedelta(hours=2)
    shop.workers()
    chosen = {name for name, at in shop.told.items() if after <= at <= until}
    got = shop.receiver.taken["/dead"].keys()
    found.demand(got == chosen, f"{len(chosen)} were to be replayed, {len(got)} came")
    return count
