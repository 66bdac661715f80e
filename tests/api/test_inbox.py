"""The inbox over HTTP: in the shopper's language, for the device that proves itself, and for no other."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask import Flask

from backend import worker
from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.wiring import Services
from tests.api.own_phone import OwnPhone


class Reader(OwnPhone):
    def inbox(self, **query: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.send("GET", "/inbox", proof="kid", query_string=query).json[
            "messages"
        ]
        return found

    def happens(self, kind: Kind, **facts: object) -> str:
        services = self.services
        shopper_id = self.me()["id"]
        happening = Happening(services.ids.uuid7(), kind, "x", facts, shopper_id=shopper_id)
        services.run(lambda tx: outbox.add(tx, [happening], now=services.clock.now()))
        worker.deliver_due(services)
        return happening.id


@pytest.fixture
def reader(app: Flask, services: Services) -> Reader:
    reader = Reader(app, services)
    assert reader.become_guest().status_code == 201
    return reader


def test_a_message_is_read_in_the_shoppers_language_with_what_was_sealed(reader: Reader) -> None:
    message = reader.happens(Kind.ORDER_READY, receipt_number=7, sealed={reader.phone.id: "a.jwe"})
    (found,) = reader.inbox()
    assert found["id"] == message
    assert found["title"] == "الطلب 7 جاهز"
    assert (found["kind"], found["sealed"], found["payload"]) == (
        "order.ready",
        "a.jwe",
        {"receipt_number": 7},
    )
    assert (found["read"], found["expires_at"]) == (False, None)


def test_reading_goes_on_after_the_last_message_and_marks_them(reader: Reader) -> None:
    first, second = reader.happens(Kind.FACE_ENROLLED), reader.happens(Kind.FACE_ERASED)
    assert [one["id"] for one in reader.inbox(after=first)] == [second]
    assert reader.send("POST", f"/inbox/{second}/read", proof="kid").status_code == 204
    assert [one["read"] for one in reader.inbox()] == [False, True]


def test_what_is_no_message_of_this_device_is_not_found(reader: Reader) -> None:
    answer = reader.send("POST", f"/inbox/{uuid4()}/read", proof="kid")
    assert (answer.status_code, answer.json["code"]) == (404, "message_not_found")
    answer = reader.send("GET", "/inbox", proof="kid", query_string={"after": "yesterday"})
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_body")


def test_without_the_devices_proof_nothing_is_shown(reader: Reader) -> None:
    reader.happens(Kind.FACE_ENROLLED)
    answer = reader.send("GET", "/inbox")
    assert (answer.status_code, answer.json["code"]) == (401, "device_proof_refused")
