"""The inbox: read on from where one was, mark as read, and let old messages go."""

from __future__ import annotations

from datetime import timedelta
from secrets import token_bytes

import pytest

from backend.clock import uuid7
from backend.db.outbox import Kind
from backend.db.transaction import Runner
from backend.errors import Refusal
from backend.messages import inbox
from backend.operations.shopper_device import DeviceKeys
from tests.backend.identity.people import IDS, NOW, a_shopper


class Box:
    def __init__(self, run: Runner) -> None:
        self.run = run
        self.phone = DeviceKeys()
        self.shopper_id = a_shopper(run, self.phone)

    def put(self, message_id: str | None = None) -> str:
        message = inbox.NewMessage(
            id=message_id or uuid7(NOW, token_bytes(10)),
            shopper_id=self.shopper_id,
            device_id=self.phone.id,
            kind=Kind.ORDER_READY,
            payload={},
            sealed=None,
            created_at=NOW,
            expires_at=None,
        )
        self.run(lambda tx: inbox.put(tx, [message]))
        return message.id

    def ids(self, after: str | None = None, limit: int = 100) -> list[str]:
        messages = self.run.read(
            lambda tx: inbox.messages_after(tx, self.phone.id, after, now=NOW, limit=limit)
        )
        return [message.id for message in messages]


@pytest.fixture
def box(run: Runner) -> Box:
    return Box(run)


def test_reading_on_gives_what_came_after_even_with_an_older_id(box: Box) -> None:
    older = IDS.uuid7()  # taken by a request that commits late
    first = box.put()
    assert box.ids() == [first]
    box.put(older)
    assert box.ids(after=first) == [older]


def test_an_unknown_message_to_go_on_from_is_the_beginning(box: Box) -> None:
    first = box.put()
    assert box.ids(after=IDS.uuid7()) == [first]


def test_a_page_ends_at_its_limit_and_the_next_goes_on(box: Box) -> None:
    ids = [box.put() for _ in range(3)]
    assert box.ids(limit=2) == ids[:2]
    assert box.ids(after=ids[1], limit=2) == ids[2:]


def test_a_message_is_read_once_and_stays_read(box: Box) -> None:
    message = box.put()
    for _ in range(2):
        box.run(lambda tx: inbox.mark_read(tx, box.phone.id, message, now=NOW))
    (found,) = box.run.read(lambda tx: inbox.messages_after(tx, box.phone.id, None, now=NOW))
    assert found.read


def test_nobody_marks_anothers_message(box: Box) -> None:
    message, stranger = box.put(), Box(box.run)
    with pytest.raises(Refusal, match="message_not_found"):
        box.run(lambda tx: inbox.mark_read(tx, stranger.phone.id, message, now=NOW))


def test_messages_are_kept_for_a_month(box: Box) -> None:
    box.put()
    month = timedelta(days=30)
    assert box.run(lambda tx: inbox.drop_old(tx, now=NOW + month)) == 0
    assert box.run(lambda tx: inbox.drop_old(tx, now=NOW + month + timedelta(seconds=1))) == 1
