"""Integrators' endpoints: who is told what happens in the stores."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Response
from pydantic import AwareDatetime, Field

from backend.api import duties
from backend.api.acts import once_only
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import Body, answer, idempotency, read_json, stored
from backend.db.outbox import Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.messages import webhooks
from backend.messages.webhooks import Endpoint

bp = Blueprint("staff_webhooks", __name__, url_prefix="/v1/staff/webhooks")
At = Annotated[AwareDatetime, Field(strict=False)]


class NewWebhook(Body):
    url: str = Field(min_length=10, max_length=500, examples=["https://erp.example/smartpay"])
    kinds: list[Annotated[Kind, Field(strict=False)]] = Field(
        default=[], max_length=50, description="Empty: all"
    )
    store: str | None = Field(default=None, max_length=4, description="Store code; absent: every store")


class Span(Body):
    after: At
    until: At


class WebhookView(Body):
    id: str
    url: str
    kinds: list[str]
    active: bool
    failing_since: str | None
    due: int
    dead: int


class Webhooks(Body):
    webhooks: list[WebhookView]


class Secret(Body):
    """Of the signature: `t=TIME,v1=HMAC-SHA256(secret, TIME + "." + raw body)` in SmartPay-Signature."""

    secret: str


class Replayed(Body):
    deliveries: int


@bp.post("")
@staff_role(*duties.INTEGRATE)
@describe(
    "Tell an endpoint what happens from now on",
    body=NewWebhook,
    answers={201: WebhookView},
    problems=("store_unknown", "webhook_url_refused"),
    idempotent=True,
)
def post_webhook() -> Response:
    member, asked, at = current_staff(), read_json(NewWebhook), services()
    refuse_url(asked.url, private=at.settings.webhook_private)

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        store_id = duties.store_of(tx, member, asked.store).id if asked.store else None
        made = webhooks.add(
            tx,
            endpoint_id=at.ids.uuid7(),
            url=asked.url,
            kinds=asked.kinds,
            store_id=store_id,
            now=now,
        )
        return view(tx, made)

    return stored(once_only(at, idempotency("webhooks", owner=f"staff:{member.id}"), work))


@bp.get("")
@staff_role(*duties.INTEGRATE)
@describe("Every endpoint, and what waits for it", answers={200: Webhooks})
def get_webhooks() -> Response:
    read = services().run.read
    return answer(200, {"webhooks": read(lambda tx: [view(tx, each) for each in webhooks.every(tx)])})


@bp.get("/<uuid:endpoint_id>/secret")
@staff_role(*duties.INTEGRATE)
@describe(
    "What this endpoint's deliveries are signed with", answers={200: Secret}, problems=("webhook_not_found",)
)
def get_secret(endpoint_id: UUID) -> Response:
    at = services()
    endpoint = at.run.read(lambda tx: webhooks.find(tx, str(endpoint_id)))
    return answer(200, {"secret": at.tokens.digest("webhook", endpoint.id)})


@bp.delete("/<uuid:endpoint_id>")
@staff_role(*duties.INTEGRATE)
@describe("Tell an endpoint nothing more", answers={204: None}, problems=("webhook_not_found",))
def delete_webhook(endpoint_id: UUID) -> Response:
    def work(tx: Transaction) -> None:
        webhooks.switch_off(tx, webhooks.find(tx, str(endpoint_id)).id)

    services().run(work)
    return answer(204)


@bp.post("/<uuid:endpoint_id>/replay")
@staff_role(*duties.INTEGRATE)
@describe(
    "Deliver once more what happened in a span of time, delivered or given up",
    body=Span,
    answers={201: Replayed},
    problems=("webhook_not_found",),
    idempotent=True,
)
def post_replay(endpoint_id: UUID) -> Response:
    member, asked, at = current_staff(), read_json(Span), services()

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        endpoint = webhooks.find(tx, str(endpoint_id))
        return {"deliveries": webhooks.replay(tx, endpoint, after=asked.after, until=asked.until, now=now)}

    once = idempotency(f"webhooks/{endpoint_id}/replay", owner=f"staff:{member.id}")
    return stored(once_only(at, once, work))


def refuse_url(url: str, *, private: bool) -> None:
    """Raises Refusal webhook_url_refused. Where its host lies is looked at when it is called."""
    there = urlsplit(url)
    schemes = ("https", "http") if private else ("https",)
    if there.scheme not in schemes or not there.hostname or there.username or not url.isascii():
        raise Refusal("webhook_url_refused")


def view(tx: Transaction, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "kinds": list(endpoint.kinds),
        "active": endpoint.active,
        "failing_since": endpoint.failing_since and endpoint.failing_since.isoformat(),
        **webhooks.waiting(tx, endpoint.id),
    }
