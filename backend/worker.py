"""One loop beside the requests: delivers what happened, links the audit chain, puts away what ran out.

Any number of them may run: outbox rows are leased, sweeps change rows only while they are still due, and on
PostgreSQL a lock lets one at a time link the chain (SQLite has one writer anyway).
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Event, Thread

from sqlalchemy import text

from backend.adapters.no_faces import NoFaces
from backend.carts import expiry
from backend.checkout import afterwards, cancel, card, face_step, gateway_events
from backend.checkout import open as checkouts
from backend.db import audit, idempotency, outbox
from backend.db.outbox import Claimed, Kind
from backend.db.rows import DROPPED_MAX
from backend.db.transaction import Transaction
from backend.identity import devices, staff
from backend.inventory import search
from backend.messages import inbox, webhook_delivery, webhooks
from backend.messages.deliver import deliver
from backend.privacy import erase
from backend.sales import rollups
from backend.settings import Settings
from backend.telemetry import start_logging
from backend.wiring import Services, build

CLAIMED_MAX = 5  # few enough that slow pushes end within the lease
PAUSE_S_MAX = 60
UNCOLLECTED_MAX = 50
COURIERS = 8  # endpoints of integrators served at once
ONE_CHAINER = 7_265_002  # PostgreSQL advisory lock
DROPS = (
    idempotency.drop_old,
    devices.drop_old_proofs,
    staff.drop_old_sessions,
    face_step.drop_old_challenges,
    inbox.drop_old,
    webhooks.drop_old,
)

logger = logging.getLogger("worker")


@dataclass(slots=True)
class Duty:
    """Work that is looked at every so often; while it fails, ever less often."""

    name: str
    every_s: float
    work: Callable[[Services], bool]  # True: there may be more at once
    due_at: float = 0.0  # seconds of the monotonic clock
    failures: int = 0

    def attend(self, services: Services) -> None:
        try:
            more = self.work(services)
        except Exception:  # one duty must not end the others; it is tried again
            self.failures += 1
            pause_s = min(self.every_s * 2**self.failures, PAUSE_S_MAX)
            logger.exception("%s failed; again in %d s", self.name, pause_s)
        else:
            self.failures = 0
            pause_s = 0 if more else self.every_s
        self.due_at = time.monotonic() + pause_s


def work(services: Services, *, ended: Event) -> None:
    """Until `ended` is set; returns within the time of one delivery, or of one call to a gateway.

    What waits for somebody else's server has a thread of its own, and so delays no message.
    """
    couriers = Couriers()
    slow = [Duty("cards", 2, follow_cards), Duty("webhooks", 0.5, couriers.send_out)]
    threads = [Thread(target=attend, args=(services, [duty], ended), name=duty.name) for duty in slow]
    for thread in threads:
        thread.start()
    duties = [
        Duty("deliver", 0.2, deliver_due),
        Duty("audit", 2, chain_audit),
        Duty("sweep", 5, sweep),
        Duty("roll up", 60, roll_up_days),
        Duty("uncollected", 600, put_away_uncollected),
        Duty("index", 10, index_products),
        Duty("erase", 60, finish_erasures),
        Duty("drop", 300, drop_old),
    ]
    attend(services, duties, ended)
    for thread in threads:
        thread.join()
    couriers.end()


def attend(services: Services, duties: Sequence[Duty], ended: Event) -> None:
    while not ended.is_set():
        for duty in duties:
            if duty.due_at <= time.monotonic() and not ended.is_set():
                duty.attend(services)
        ended.wait(max(0.0, min(duty.due_at for duty in duties) - time.monotonic()))


def work_alone(settings: Settings) -> None:
    """As a process of its own, until SIGTERM or Ctrl-C."""
    start_logging(settings.log_level)
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    services = build(settings, faces=NoFaces())
    logger.info("working")
    work(services, ended=ended)
    logger.info("stopped")


def deliver_due(services: Services) -> bool:
    now = services.clock.now()
    if not services.run.read(lambda tx: outbox.is_due(tx, now=now)):
        return False  # a look takes no lock; a claim does
    batch = services.run(lambda tx: outbox.claim(tx, now=now, limit=CLAIMED_MAX))
    try:
        deliver_all(services, batch)
    except Exception:  # something is wrong with one of them, and must not stop the others
        for claimed in batch:
            deliver_alone(services, claimed)
    return len(batch) == CLAIMED_MAX


def deliver_all(services: Services, batch: Sequence[Claimed]) -> None:
    at = services
    settled = [one.happening for one in batch if one.happening.kind is Kind.PAYMENT_SETTLED]
    if settled:  # not held up by a push service that is away
        at.run(partial(afterwards.after_payments, settled=settled, now=at.clock.now()))
    deliver(batch, run=at.run, notifier=at.notifier, clock=at.clock)


def deliver_alone(services: Services, claimed: Claimed) -> None:
    try:
        deliver_all(services, [claimed])
    except Exception as problem:
        logger.exception("message %s could not be delivered", claimed.happening.id)
        error, now = type(problem).__name__, services.clock.now()
        services.run(lambda tx: outbox.failed(tx, claimed, error, now=now))


class Couriers:
    """Each endpoint is served on its own, so that one which hangs keeps nobody else waiting."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(COURIERS, "webhook")
        self.out: dict[str, Future[None]] = {}

    def send_out(self, services: Services) -> bool:
        at = services
        self.out = {name: turn for name, turn in self.out.items() if not turn.done()}
        for name in at.run.read(lambda tx: webhooks.with_work(tx, now=at.clock.now())):
            if name not in self.out:
                self.out[name] = self.pool.submit(serve_endpoint, at, name)
        return False

    def end(self) -> None:
        self.pool.shutdown(cancel_futures=True)


def serve_endpoint(at: Services, endpoint_id: str) -> None:
    try:
        secret = at.tokens.digest("webhook", endpoint_id)
        webhook_delivery.serve(
            endpoint_id, run=at.run, sender=at.webhook_sender, secret=secret, clock=at.clock
        )
    except Exception:  # its lease runs out, then it has its turn again
        logger.exception("endpoint %s could not be served", endpoint_id)


def chain_audit(services: Services) -> bool:
    def chain(tx: Transaction) -> int:
        if tx.dialect.name == "postgresql":
            free = text("SELECT pg_try_advisory_xact_lock(:number)")
            if not tx.execute(free, {"number": ONE_CHAINER}).scalar_one():
                return 0
        return audit.chain(tx)

    return services.run.read(audit.is_due) and services.run(chain) > 0


def sweep(services: Services) -> bool:
    now = services.clock.now()
    ended = services.run(lambda tx: checkouts.put_away_expired(tx, now=now))
    return ended + services.run(lambda tx: expiry.expire_due(tx, ids=services.ids, now=now)) > 0


def roll_up_days(services: Services) -> bool:
    """One day of each store at a time, the earliest first."""
    now = services.clock.now()
    due = services.run.read(lambda tx: rollups.due(tx, now=now))
    for store_id, day in due:
        services.run(partial(rollups.roll_up, store_id=store_id, day=day))
    return bool(due)


def put_away_uncollected(services: Services) -> bool:
    at, now = services, services.clock.now()
    before = now - timedelta(days=at.settings.uncollected_days)
    due = at.run.read(lambda tx: cancel.uncollected(tx, before=before, limit=UNCOLLECTED_MAX))
    for order_id in due:
        at.run(partial(cancel.put_away, order_id=order_id, before=before, ids=at.ids, now=now))
    return len(due) == UNCOLLECTED_MAX


def follow_cards(services: Services) -> bool:
    """Events that could not be applied at once, payments of which nobody told us, money that has to go back."""
    if services.gateway is None:
        return False
    at = services
    more = gateway_events.apply_due(run=at.run, ids=at.ids, clock=at.clock)
    more += card.sweep(run=at.run, gateway=services.gateway, ids=at.ids, clock=at.clock)
    return more + card.send_refunds(run=at.run, gateway=services.gateway, ids=at.ids, clock=at.clock) > 0


def index_products(services: Services) -> bool:
    skus = services.run.read(search.missing)
    if skus:
        services.run(lambda tx: search.index(tx, skus))
    return len(skus) == search.INDEXED_MAX


def finish_erasures(services: Services) -> bool:
    at, now = services, services.clock.now()
    return erase.finish_withdrawals(run=at.run, keys=at.keys, ids=at.ids, now=now) > 0


def drop_old(services: Services) -> bool:
    now = services.clock.now()
    dropped = [services.run(partial(drop, now=now)) for drop in DROPS]
    return DROPPED_MAX in dropped
