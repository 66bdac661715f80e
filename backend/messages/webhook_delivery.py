"""One endpoint at a time: collect what happened, send it in order, note what became of it.

At least once: what was sent and not yet noted when a worker died is sent again, under the same id.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import datetime

from backend.clock import Clock
from backend.db.moments import reached
from backend.db.transaction import Runner, Transaction
from backend.messages import webhooks
from backend.messages.ports import Reply, WebhookSender
from backend.messages.webhooks import Delivery, Endpoint

BATCH = 20
TURN_S_MAX = 30  # with the last call, well within the lease


def serve(endpoint_id: str, *, run: Runner, sender: WebhookSender, secret: str, clock: Clock) -> None:
    """A turn of one endpoint; it ends at the first failure, since the next would most likely fail as well."""
    endpoint = run(lambda tx: webhooks.claim(tx, endpoint_id, now=clock.now()))
    if endpoint is None:
        return
    ends_at = time.monotonic() + TURN_S_MAX
    try:
        run(lambda tx: webhooks.collect(tx, endpoint, now=clock.now()))
        while batch := run.read(lambda tx: webhooks.due(tx, endpoint_id, now=clock.now(), limit=BATCH)):
            for delivery in batch:
                reply = send(endpoint, delivery, sender=sender, secret=secret, now=clock.now())
                run(lambda tx, d=delivery, r=reply: note(tx, endpoint_id, d, r, now=clock.now()))  # type: ignore[misc]  # bound per round
                if not reply.took_it or time.monotonic() > ends_at:
                    return
    finally:
        run(lambda tx: webhooks.release(tx, endpoint_id))


def send(
    endpoint: Endpoint, delivery: Delivery, *, sender: WebhookSender, secret: str, now: datetime
) -> Reply:
    body = json.dumps(delivery.body, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "SmartPay-Event-Id": delivery.outbox_id,
        "SmartPay-Signature": signature(secret, body, now),
    }
    reply = sender.post(endpoint.url, body, headers)
    reached("webhook_sent")
    return reply


def note(tx: Transaction, endpoint_id: str, delivery: Delivery, reply: Reply, *, now: datetime) -> None:
    if reply.took_it:
        webhooks.delivered(tx, endpoint_id, delivery, reply.status)
    else:
        webhooks.not_delivered(tx, endpoint_id, delivery, reply.status, now=now)


def signature(secret: str, body: bytes, at: datetime) -> str:
    """As Stripe signs: HMAC-SHA256 over the time, a dot and the raw body."""
    at_s = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={mac.hexdigest()}"
