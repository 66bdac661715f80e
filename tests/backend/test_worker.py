"""The worker: what happened is delivered, tidied and chained, and one fault does not stop the rest."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import select

from backend import worker
from backend.db import audit
from backend.db.audit import audit_entries
from backend.db.outbox import Happening, Kind, outbox
from backend.db.outbox import add as happens
from backend.db.transaction import Runner
from backend.identity import locks, pins
from backend.settings import Settings
from backend.wiring import Services
from tests.backend.checkout.till import Buyer, a_buyer
from tests.backend.inventory.shelf import IDS, NOON
from tests.backend.messages.fake_notifier import RecordingNotifier
from tests.fakes import MovedClock
from tests.services import services_of


@pytest.fixture
def services(settings: Settings, run: Runner, keys: Runner) -> Services:
    clock = MovedClock()
    clock.at = NOON
    return services_of(settings, run, keys, notifier=RecordingNotifier(), clock=clock)


@pytest.fixture
def buyer(run: Runner) -> Buyer:
    return a_buyer(run)


def undone(run: Runner) -> list[str]:
    return list(
        run.read(lambda tx: tx.execute(select(outbox.c.kind).where(outbox.c.done_at.is_(None))).scalars())
    )


def test_a_payment_is_audited_and_frees_the_pin_slot_once(services: Services, buyer: Buyer) -> None:
    checkout, grant = buyer.granted("DATES")
    subject = pins.lock_subject(buyer.shopper_id, buyer.device.id)
    buyer.pay(checkout, grant)
    while worker.deliver_due(services):
        pass
    assert undone(buyer.run) == []
    assert buyer.run.read(lambda tx: locks.slots_left(tx, subject, now=NOON)) == 5
    assert worker.chain_audit(services)
    actions = buyer.run.read(lambda tx: tx.execute(select(audit_entries.c.action)).scalars().all())
    assert "payment.settled" in actions
    assert buyer.run.read(audit.first_broken) is None


def test_a_payment_is_audited_while_the_push_service_is_away(services: Services, buyer: Buyer) -> None:
    checkout, grant = buyer.granted("DATES")
    buyer.pay(checkout, grant)
    worker.deliver_due(replace(services, notifier=Broken()))
    actions = buyer.run.read(lambda tx: tx.execute(select(audit_entries.c.action)).scalars().all())
    assert actions.count("payment.settled") == 1


class Broken:
    def send(self, _push: object) -> None:
        raise RuntimeError("a bug in an adapter")


def test_one_message_that_cannot_be_delivered_does_not_stop_the_next(
    services: Services, buyer: Buyer
) -> None:
    strange = Happening(IDS.uuid7(), Kind.PAYMENT_SETTLED, "x", {}, shopper_id=buyer.shopper_id)
    fine = Happening(IDS.uuid7(), Kind.FACE_ENROLLED, "x", {}, shopper_id=buyer.shopper_id)
    buyer.run(lambda tx: happens(tx, [strange, fine], now=NOON))
    worker.deliver_due(services)
    assert undone(buyer.run) == ["payment.settled"]


def test_what_ran_out_is_put_away(services: Services, buyer: Buyer) -> None:
    checkout = buyer.checkout("DATES")
    services.clock.move(hours=1)  # type: ignore[attr-defined]  # the tests' clock
    assert worker.sweep(services)
    assert buyer.state(checkout) == "expired"
    worker.sweep(services)
    assert buyer.shelf.counted("DATES") == (10, 0)
    assert not worker.drop_old(services)


def test_it_works_until_told_to_stop_and_stops_at_once(services: Services, buyer: Buyer) -> None:
    ended = threading.Event()
    thread = threading.Thread(target=worker.work, args=(services,), kwargs={"ended": ended})
    thread.start()
    give_up_at = time.monotonic() + 20
    while undone(buyer.run) and time.monotonic() < give_up_at:
        ended.wait(0.05)
    began = time.monotonic()
    ended.set()
    thread.join(10)
    assert time.monotonic() - began < 5
    assert undone(buyer.run) == []


def test_a_duty_that_fails_is_tried_ever_less_often(services: Services) -> None:
    def fails(_services: Services) -> bool:
        raise RuntimeError

    duty = worker.Duty("fails", 1, fails)
    pauses = []
    for _ in range(3):
        duty.attend(services)
        pauses.append(round(duty.due_at - time.monotonic()))
    assert pauses == [2, 4, 8]
