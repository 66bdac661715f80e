"""What integrators are told: signed, in order, at least once, whatever their endpoint does."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from backend.adapters.webhook_sender import HttpWebhookSender
from backend.errors import Refusal
from backend.messages import webhook_delivery, webhooks
from backend.messages.ports import Reply
from backend.operations import webhooks as upkeep
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import IDS, NOON
from tests.fakes import MovedClock


class Receiver:
    """`status` is what it answers; 0: nothing at all."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((dict(self.headers.items()), body))
                if receiver.status == 0:
                    receiver.released.wait(30)
                    return
                self.send_response(receiver.status)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Tests look at `got` instead."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?shop=1"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.released.set()
    receiver.server.shutdown()
    receiver.server.server_close()


class Integration:
    def __init__(self, buyer: Buyer, receiver: Receiver) -> None:
        self.buyer, self.run, self.receiver = buyer, buyer.run, receiver
        self.clock = MovedClock()
        self.clock.at = NOON
        self.id = self.add(receiver.url)

    def add(self, url: str) -> str:
        given = {"endpoint_id": IDS.uuid7(), "url": url, "kinds": (), "store_id": None, "now": NOON}
        return self.run(lambda tx: webhooks.add(tx, **given)).id

    def pay(self, times: int = 1) -> None:
        for _ in range(times):
            self.buyer.pay(*self.buyer.granted("WATER"))

    def serve(self, endpoint_id: str | None = None) -> None:
        sender = HttpWebhookSender(private=True, timeout_s=0.3)
        webhook_delivery.serve(
            endpoint_id or self.id, run=self.run, sender=sender, secret="s3cret", clock=self.clock
        )

    def waiting(self) -> dict[str, int]:
        return self.run.read(lambda tx: webhooks.waiting(tx, self.id))


@pytest.fixture
def shop(buyer: Buyer, receiver: Receiver) -> Integration:
    return Integration(buyer, receiver)


def test_what_happens_is_told_in_order_once_and_signed_over_the_raw_body(shop, receiver):
    shop.pay(3)
    shop.serve()
    shop.serve()
    sequences = [told["sequence"] for told in receiver.told]
    assert sequences == sorted(set(sequences))
    assert [told["kind"] for told in receiver.told] == ["payment.settled"] * 3
    headers, body = receiver.got[0]
    stamp, mac = (part.split("=")[1] for part in headers["SmartPay-Signature"].split(","))
    assert mac == hmac.new(b"s3cret", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["SmartPay-Event-Id"] == receiver.told[0]["id"]
    assert "device_id" not in receiver.told[0]["data"]


def test_what_happened_before_an_endpoint_was_added_is_not_told(shop, receiver):
    shop.pay()
    late = shop.add(receiver.url)
    shop.serve(late)
    assert receiver.told == []


@pytest.mark.parametrize("status", [500, 301, 0])
def test_an_endpoint_that_does_not_take_it_is_tried_again_later_and_ever_less_often(shop, receiver, status):
    shop.pay()
    receiver.status = status
    shop.serve()
    shop.serve()
    assert (len(receiver.got), shop.waiting()) == (1, {"due": 1, "dead": 0})
    shop.clock.move(seconds=6)
    shop.serve()
    shop.clock.move(seconds=6)
    shop.serve()
    assert len(receiver.got) == 2
    receiver.status = 200
    shop.clock.move(seconds=30)
    shop.serve()
    assert shop.waiting() == {"due": 0, "dead": 0}
    assert len({told["id"] for told in receiver.told}) == 1


def test_after_a_day_of_failures_it_is_given_up_and_may_be_replayed(shop, receiver):
    shop.pay(2)
    receiver.status = 500
    for _ in range(30):
        shop.serve()
        shop.clock.move(hours=1)
    assert shop.waiting() == {"due": 0, "dead": 2}
    receiver.status, receiver.got = 200, []
    endpoint = shop.run.read(lambda tx: webhooks.find(tx, shop.id))
    hour = timedelta(hours=1)
    again = shop.run(
        lambda tx: webhooks.replay(tx, endpoint, after=NOON, until=NOON + hour, now=shop.clock.now())
    )
    shop.serve()
    assert (again, len(receiver.told), shop.waiting()) == (2, 2, {"due": 0, "dead": 0})


def test_an_endpoint_that_says_it_is_gone_is_switched_off(shop, receiver):
    shop.pay()
    receiver.status = 410
    shop.serve()
    assert not shop.run.read(lambda tx: webhooks.find(tx, shop.id)).active


def test_one_worker_at_a_time_serves_an_endpoint(shop):
    shop.pay()
    assert shop.run(lambda tx: webhooks.claim(tx, shop.id, now=NOON))
    assert shop.run(lambda tx: webhooks.claim(tx, shop.id, now=NOON)) is None
    assert shop.run(lambda tx: webhooks.claim(tx, shop.id, now=NOON + webhooks.LEASE)) is not None


def test_private_addresses_are_not_reached_unless_the_shop_allows_them(receiver):
    assert HttpWebhookSender().post(receiver.url, b"{}", {}) == Reply(None, "PermissionError")
    assert receiver.got == []


def test_an_operator_sees_what_failed_and_sends_one_of_them_again(shop, receiver):
    shop.pay(2)
    receiver.status = 500
    shop.serve()
    report = upkeep.status(shop.run)
    (failed,) = report.failed
    assert (failed.kind, failed.store, failed.attempts, failed.state) == ("payment.settled", "R1", 1, "due")
    lines = "\n".join(report.to_lines())
    assert f"{receiver.url}  everything  failing since" in lines
    assert "1 tries, HTTP 500, tried again" in lines
    assert report.to_json()["endpoints"][0]["due"] == 2
    receiver.status = 200
    shop.clock.move(seconds=10)
    shop.serve()
    given = {"endpoint_id": shop.id, "event_id": failed.event_id}
    upkeep.replay(shop.run, **given, now=shop.clock.now())
    shop.serve()
    assert [told["id"] for told in receiver.told].count(failed.event_id) == 3
    assert upkeep.status(shop.run).failed == []
    with pytest.raises(Refusal, match="webhook_not_found"):
        upkeep.replay(shop.run, **{**given, "event_id": shop.id}, now=shop.clock.now())


def test_deliveries_that_are_over_are_kept_for_a_month(shop, receiver):
    shop.pay(2)
    shop.serve()
    told = len(receiver.told)
    receiver.status = 500
    shop.pay()
    shop.serve()
    later = datetime.now(UTC) + webhooks.KEPT
    assert shop.run(lambda tx: webhooks.drop_old(tx, now=later - timedelta(days=1))) == 0
    assert shop.run(lambda tx: webhooks.drop_old(tx, now=later + timedelta(days=1))) == told > 0
    assert shop.waiting()["due"] > 0
