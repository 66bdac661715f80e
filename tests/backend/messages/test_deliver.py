"""Delivery: each device gets what is meant for it, once, and nobody is worn down by alerts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Runner
from backend.identity import devices
from backend.messages import inbox
from backend.messages.deliver import ALERTS_MAX, deliver
from backend.messages.ports import Notifier, Outcome, Push
from backend.operations.shopper_device import DeviceKeys
from tests.backend.identity.people import IDS, NOW, a_shopper, new_device
from tests.backend.messages.fake_notifier import RecordingNotifier
from tests.fakes import MovedClock

UNDONE = select(outbox.outbox.c.last_error).where(outbox.outbox.c.done_at.is_(None))


class Crash(Exception):
    pass


class Crashing:
    def __init__(self, notifier: RecordingNotifier) -> None:
        self.notifier = notifier

    def send(self, push: Push) -> Outcome:
        self.notifier.send(push)
        raise Crash


class OnlyTo:
    """A push service that cannot be reached for any other device."""

    def __init__(self, push_token: str) -> None:
        self.push_token = push_token
        self.pushes: list[Push] = []

    def send(self, push: Push) -> Outcome:
        self.pushes.append(push)
        sent = push.push_token == self.push_token
        return Outcome(sent, error="" if sent else "away", worth_repeating=not sent)


class Post:
    """A shopper with a phone and a tablet, and the worker's way of delivering to them."""

    def __init__(self, run: Runner) -> None:
        self.run = run
        self.clock = MovedClock()
        self.clock.at = NOW
        self.notifier = RecordingNotifier()
        self.phone = DeviceKeys()
        self.tablet = DeviceKeys()
        self.shopper_id = a_shopper(run, self.phone, push_token="ExponentPushToken[phone]")
        run(lambda tx: devices.add(tx, self.shopper_id, new_device(self.tablet), now=NOW))

    def happens(self, kind: Kind, facts: dict[str, Any] | None = None, **more: Any) -> str:
        happening = Happening(IDS.uuid7(), kind, "x", facts or {}, shopper_id=self.shopper_id, **more)
        self.run(lambda tx: outbox.add(tx, [happening], now=self.clock.now()))
        return happening.id

    def deliver(self, notifier: Notifier | None = None) -> list[str]:
        """Why something has to be tried again; then its time to be tried has come."""
        batch = self.run(lambda tx: outbox.claim(tx, now=self.clock.now()))
        deliver(batch, run=self.run, notifier=notifier or self.notifier, clock=self.clock)
        errors = self.run.read(lambda tx: tx.execute(UNDONE).scalars().all())
        if errors:
            self.clock.at += timedelta(seconds=outbox.BACKOFF_S_MAX)
        return list(errors)

    def crash(self) -> None:
        """After the push service took it, and before that is written down. The lease runs out."""
        with pytest.raises(Crash):
            self.deliver(Crashing(self.notifier))
        self.clock.at += outbox.LEASE + timedelta(seconds=1)

    def read(
        self, phone: DeviceKeys, after: str | None = None, at: datetime | None = None
    ) -> list[inbox.Message]:
        now = at or self.clock.now()
        return self.run.read(lambda tx: inbox.messages_after(tx, phone.id, after, now=now))


@pytest.fixture
def post(run: Runner) -> Post:
    return Post(run)


def test_every_live_device_finds_the_message_and_those_with_a_token_hear_of_it(post: Post) -> None:
    message = post.happens(Kind.ORDER_READY, {"receipt_number": 7})
    assert post.deliver() == []
    assert [m.id for phone in (post.phone, post.tablet) for m in post.read(phone)] == [message, message]
    (push,) = post.notifier.pushes
    assert (push.push_token, push.title) == ("ExponentPushToken[phone]", "Order 7 is ready")
    assert push.data == {"type": "order.ready", "id": message}


def test_after_a_crash_a_push_may_come_again_under_its_id_and_the_inbox_holds_it_once(post: Post) -> None:
    message = post.happens(Kind.ORDER_READY)
    post.crash()
    assert post.deliver() == []
    assert [one.id for one in post.read(post.phone)] == [message]
    assert [push.data["id"] for push in post.notifier.pushes] == [message, message]


def test_a_grant_reaches_its_own_device_only_and_shows_nothing(post: Post) -> None:
    facts = {"sealed": {post.phone.id: "a.sealed.grant"}, "amount_minor": 5}
    post.happens(Kind.GRANT_ISSUED, facts, device_id=post.phone.id, expires_at=NOW + timedelta(minutes=2))
    post.deliver()
    (message,) = post.read(post.phone)
    assert (message.sealed, message.payload) == ("a.sealed.grant", {"amount_minor": 5})
    assert post.read(post.tablet) == []
    (push,) = post.notifier.pushes
    assert (push.title, push.body, push.data["jwe"], push.ttl_s) == ("", "", "a.sealed.grant", 60)


def test_each_device_gets_what_was_sealed_to_it(post: Post) -> None:
    post.happens(Kind.ORDER_READY, {"sealed": {post.phone.id: "for.phone", post.tablet.id: "for.tablet"}})
    post.deliver()
    assert [post.read(phone)[0].sealed for phone in (post.phone, post.tablet)] == ["for.phone", "for.tablet"]


def test_a_grant_that_ran_out_is_neither_kept_nor_sent(post: Post) -> None:
    post.happens(Kind.GRANT_ISSUED, device_id=post.phone.id, expires_at=NOW + timedelta(seconds=20))
    post.clock.move(seconds=21)
    assert post.deliver() == []
    assert post.notifier.pushes == post.read(post.phone) == []


def test_a_grant_in_the_inbox_goes_when_it_runs_out(post: Post) -> None:
    post.happens(Kind.GRANT_ISSUED, device_id=post.phone.id, expires_at=NOW + timedelta(seconds=20))
    post.deliver()
    assert len(post.read(post.phone)) == 1
    assert post.read(post.phone, at=NOW + timedelta(seconds=20)) == []


def test_a_device_that_was_ended_gets_nothing(post: Post) -> None:
    post.run(lambda tx: devices.end(tx, post.shopper_id, post.tablet.id, now=NOW))
    post.happens(Kind.ORDER_READY)
    post.deliver()
    assert post.read(post.tablet) == []


def test_a_token_that_is_gone_is_forgotten_but_a_newer_one_is_kept(post: Post) -> None:
    post.notifier.mood = "gone"
    post.happens(Kind.ORDER_READY)
    assert post.deliver() == []
    post.happens(Kind.ORDER_HANDED_OVER)
    post.deliver()
    assert len(post.notifier.pushes) == 1
    newer = devices.NewDevice(
        post.phone.id, "Phone", post.phone.jwk_enc, post.phone.jwk_sig, "ExponentPushToken[newer]"
    )
    post.run(lambda tx: devices.add(tx, post.shopper_id, newer, now=NOW))
    post.run(lambda tx: devices.drop_push_token(tx, post.phone.id, "ExponentPushToken[phone]"))
    post.happens(Kind.ORDER_READY)
    post.deliver()
    assert post.notifier.pushes[-1].push_token == "ExponentPushToken[newer]"


def test_a_push_that_failed_is_tried_again_and_the_inbox_does_not_wait_for_it(post: Post) -> None:
    post.notifier.mood = "down"
    post.happens(Kind.ORDER_READY)
    assert post.deliver() == ["down"]
    assert len(post.read(post.phone)) == 1
    post.notifier.mood = "ok"
    assert post.deliver() == []
    assert post.deliver() == []
    assert len(post.notifier.pushes) == 2


def test_what_a_push_service_took_is_not_sent_again_with_what_it_did_not(post: Post) -> None:
    with_token = new_device(post.tablet, push_token="ExponentPushToken[tablet]")
    post.run(lambda tx: devices.add(tx, post.shopper_id, with_token, now=NOW))
    post.happens(Kind.ORDER_READY)
    assert post.deliver(OnlyTo("ExponentPushToken[phone]")) == ["away"]
    second = OnlyTo("ExponentPushToken[tablet]")
    assert post.deliver(second) == []
    assert [push.push_token for push in second.pushes] == ["ExponentPushToken[tablet]"]


@pytest.mark.parametrize("kind", [Kind.FACE_REFUSED, Kind.PIN_REFUSED, Kind.PIN_LOCKED])
def test_alerts_are_pushed_three_times_in_ten_minutes_and_all_kept(post: Post, kind: Kind) -> None:
    for _ in range(ALERTS_MAX + 2):
        post.happens(kind, {"attempts_left": 0})
        post.deliver()
        post.clock.move(seconds=30)
    assert len(post.notifier.pushes) == ALERTS_MAX
    assert len(post.read(post.phone)) == ALERTS_MAX + 2
    post.clock.move(minutes=10)
    post.happens(kind, {"attempts_left": 0})
    post.deliver()
    assert len(post.notifier.pushes) == ALERTS_MAX + 1


def test_alerts_that_come_all_at_once_are_pushed_three_times_as_well(post: Post) -> None:
    for _ in range(ALERTS_MAX + 2):
        post.happens(Kind.PIN_REFUSED, {"attempts_left": 0})
    post.happens(Kind.ORDER_READY)
    assert post.deliver() == []
    assert len(post.notifier.pushes) == ALERTS_MAX + 1
    assert len(post.read(post.phone)) == ALERTS_MAX + 3


def test_what_concerns_no_shopper_reaches_no_inbox(post: Post) -> None:
    happening = Happening(IDS.uuid7(), Kind.ORDER_ACCEPTED, "x")
    post.run(lambda tx: outbox.add(tx, [happening], now=NOW))
    assert post.deliver() == []
    assert post.read(post.phone) == []
