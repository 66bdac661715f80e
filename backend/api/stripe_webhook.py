"""What Stripe tells unasked. The signature over the raw bytes is the only credential."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request
from pydantic import BaseModel

from backend.api.auth import public, services
from backend.api.openapi import describe
from backend.api.reading import answer
from backend.checkout import gateway_events
from backend.errors import Refusal

bp = Blueprint("stripe_webhook", __name__, url_prefix="/v1/webhooks")
EVENT_BYTES_MAX = 512_000


class Told(BaseModel):
    received: bool


@bp.post("/stripe")
@public
@describe(
    "Take an event of Stripe; signed with the secret in stripe-webhook.key, header Stripe-Signature",
    answers={200: Told},
    problems=("webhook_refused", "card_unavailable", "body_too_large"),
    body_bytes_max=EVENT_BYTES_MAX,
)
def post_event() -> Response:
    """Stored first; what fails afterwards is the worker's to repeat, not the gateway's."""
    at = services()
    if at.gateway is None:
        raise Refusal("card_unavailable")
    now = at.clock.now()
    event = at.gateway.read_event(request.get_data(), request.headers.get("Stripe-Signature", ""), now=now)
    if at.run(lambda tx: gateway_events.store(tx, event, now=now)):
        try:
            at.run(lambda tx: gateway_events.apply_one(tx, event.id, ids=at.ids, now=now))
        except Exception:
            logging.getLogger("api").exception("event %s is stored and will be tried again", event.id)
    return answer(200, {"received": True})
