"""Cards by Stripe's payment intents, through its official SDK.

The SDK as it is (16.1.0): follows its own newest API version, retries where it has no key of ours, waits up to
80 s, says which platform we run on, checks the age of an event by the wall clock and only backwards. Each is set
right here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import stripe
from stripe import RequestOptions, StripeClient, WebhookSignature

from backend.checkout.ports import GatewayEvent, Intent, IntentState
from backend.errors import Refusal

API_VERSION = "2026-10-28.endive"
TIMEOUTS_S = (3.05, 10)  # for connecting, and between two bytes
EVENT_AGE_S_MAX = 300
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)

logger = logging.getLogger("gateway")
stripe.enable_telemetry = False
logging.getLogger("stripe").setLevel(logging.WARNING)  # below that it writes bodies, with client secrets


class StripeGateway:
    name = "stripe"

    def __init__(self, secret_key: str, webhook_secret: str, *, url: str, account: str | None = None) -> None:
        self._client = StripeClient(
            secret_key,
            stripe_account=account,
            stripe_version=API_VERSION,
            base_addresses={"api": url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=TIMEOUTS_S),
        )
        self._webhook_secret = webhook_secret
        self._account = account

    def create(self, checkout_id: str, amount_minor: int, currency: str) -> Intent:
        with refusals():
            made = self._client.v1.payment_intents.create(
                {
                    "amount": amount_minor,
                    "currency": currency.lower(),
                    "allowed_payment_method_types": ["card"],
                    "metadata": {"checkout": checkout_id},
                },
                {"idempotency_key": f"checkout:{checkout_id}"},
            )
        return intent_of(made.to_dict())

    def find(self, ref: str) -> Intent:
        with refusals():
            found = self._client.v1.payment_intents.retrieve(ref)
        return intent_of(found.to_dict())

    def cancel(self, ref: str) -> Intent:
        try:
            with refusals():
                once: RequestOptions = {"idempotency_key": f"cancel:{ref}"}
                cancelled = self._client.v1.payment_intents.cancel(ref, options=once)
        except Refusal as refusal:
            if refusal.code != "card_unavailable":
                raise
            return self.find(ref)  # decided before
        return intent_of(cancelled.to_dict())

    def refund(self, key: str, ref: str, amount_minor: int) -> bool:
        try:
            with refusals():
                made = self._made_before(key, ref) or self._client.v1.refunds.create(
                    {"payment_intent": ref, "amount": amount_minor, "metadata": {"refund": key}},
                    {"idempotency_key": f"refund:{key}"},
                )
        except Refusal as refusal:
            if refusal.code != "card_unavailable":
                raise
            return False
        return made.status not in ("failed", "canceled")

    def _made_before(self, key: str, ref: str) -> stripe.Refund | None:
        """Stripe forgets an idempotency key after a day; its answer may have been lost for longer."""
        made = self._client.v1.refunds.list({"payment_intent": ref, "limit": 100}).auto_paging_iter()
        return next((one for one in made if one.to_dict()["metadata"].get("refund") == key), None)

    def read_event(self, raw: bytes, signature: str, *, now: datetime) -> GatewayEvent:
        try:
            WebhookSignature.verify_header(raw, signature, self._webhook_secret)
            signed_at_s = next(int(part[2:]) for part in signature.split(",") if part.startswith("t="))
            if abs(now.timestamp() - signed_at_s) > EVENT_AGE_S_MAX:
                raise Refusal("webhook_refused")
            event = json.loads(raw)
            ours = event.get("account") == self._account
            thing = event["data"]["object"]
            told = GatewayEvent(str(event["id"]), str(event["type"]))
            if ours and thing["object"] == "payment_intent":
                return replace(told, intent=intent_of(thing))
            if ours and told.type == "refund.failed":
                return replace(told, refund=thing["metadata"].get("refund"))  # None: made by hand
            return told
        except (stripe.SignatureVerificationError, *UNREADABLE):
            raise Refusal("webhook_refused") from None


@contextmanager
def refusals() -> Iterator[None]:
    """Stripe's errors as ours. Its messages may repeat what was sent, so only their kind is logged."""
    try:
        yield
    except stripe.StripeError as problem:
        kind = type(problem).__name__
        logger.warning("%s, status %s, code %s", kind, problem.http_status, problem.code)
        if isinstance(problem, stripe.InvalidRequestError | stripe.CardError):
            raise Refusal("card_unavailable") from None
        raise Refusal("gateway_unavailable", retry_after_s=5) from None


def intent_of(thing: Mapping[str, Any]) -> Intent:
    """States: docs.stripe.com/payments/paymentintents/lifecycle."""
    status = thing["status"]
    if status == "succeeded":
        state = IntentState.CAPTURED
    elif status == "canceled":
        state = IntentState.CANCELLED
    elif status == "requires_payment_method" and thing["last_payment_error"]:
        state = IntentState.FAILED
    else:
        state = IntentState.PENDING
    return Intent(
        ref=thing["id"],
        state=state,
        amount_minor=thing["amount_received"] if state is IntentState.CAPTURED else thing["amount"],
        currency=thing["currency"].upper(),
        checkout_id=thing["metadata"].get("checkout"),
        client_secret=thing["client_secret"],
    )
