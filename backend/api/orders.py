"""The shopper's own orders and how far they are."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from pydantic import BaseModel

from backend.api.acts import once_only
from backend.api.auth import current_shopper, device, services, shopper
from backend.api.openapi import describe
from backend.api.reading import answer, idempotency, stored, with_etag
from backend.checkout import refunds
from backend.checkout.cancel import cancel
from backend.checkout.refunds import Refunded
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.money import vat_by_rate
from backend.orders.order import Order, OrderState, find, of_shopper

bp = Blueprint("orders", __name__, url_prefix="/v1")


class OrderStepView(BaseModel):
    state: str
    at: str


class OrderLineView(BaseModel):
    id: str
    sku: str
    name: dict[str, str]
    quantity: int
    packed: int
    unit_price_minor: int
    gross_minor: int
    discount_minor: int
    vat_rate_bp: int
    vat_minor: int
    refunded: int  # pieces
    refunded_minor: int


class OrderView(BaseModel):
    id: str
    receipt_number: int
    store_id: str
    state: str
    total_minor: int
    refunded_minor: int
    currency: str
    method: str
    age_min: int | None  # years, to be shown at the pick-up
    vat_by_rate: dict[str, int]
    placed_at: str
    code_sent_at: str | None  # the pick-up code that counts now
    lines: list[OrderLineView]
    steps: list[OrderStepView]


class OrderList(BaseModel):
    orders: list[OrderView]


class RefundView(BaseModel):
    id: str
    number: int | None  # of the credit note
    amount_minor: int
    vat_minor: int | None
    currency: str
    method: str
    state: str  # a card's is pending until the gateway has it; one that failed is made good: wallet, by_hand
    reason: str
    at: str


class RefundList(BaseModel):
    refunds: list[RefundView]


def present(order: Order) -> dict[str, Any]:
    """As shopper and staff see it; staff pages and the staff API use it too."""
    vat = vat_by_rate((line.vat_rate_bp, line.vat_minor) for line in order.lines)
    return {
        "id": order.id,
        "receipt_number": order.receipt_number,
        "store_id": order.store_id,
        "state": str(order.state),
        "total_minor": order.total_minor,
        "refunded_minor": order.refunded_minor,
        "currency": order.currency,
        "method": order.method,
        "age_min": order.age_min,
        "vat_by_rate": {str(rate): vat_minor for rate, vat_minor in sorted(vat.items())},
        "placed_at": order.placed_at.isoformat(),
        "code_sent_at": code_sent_at(order),
        "lines": [
            {
                "id": line.id,
                "sku": line.sku,
                "name": {"en": line.name_en, "ar": line.name_ar},
                "quantity": line.quantity,
                "packed": line.packed,
                "unit_price_minor": line.unit_price_minor,
                "gross_minor": line.gross_minor,
                "discount_minor": line.discount_minor,
                "vat_rate_bp": line.vat_rate_bp,
                "vat_minor": line.vat_minor,
                "refunded": line.refunded,
                "refunded_minor": line.refunded_minor,
            }
            for line in order.lines
        ],
        "steps": [
            {"state": str(step.state), "at": step.at.isoformat()} for step in order.steps if step.act is None
        ],
    }


def refund_json(made: Refunded, view: type[RefundView]) -> dict[str, Any]:
    """The facts that this view has."""
    facts = {**asdict(made), "at": made.at.isoformat()}
    return {name: facts[name] for name in view.model_fields}


def code_sent_at(order: Order) -> str | None:
    sent = (None, "code_renewed")
    times = [step.at for step in order.steps if step.state == OrderState.READY and step.act in sent]
    return times[-1].isoformat() if times else None


@bp.get("/orders")
@shopper
@describe("Own orders, newest first", answers={200: OrderList})
def get_orders() -> Response:
    who, at = current_shopper(), services()
    found = at.run.read(lambda tx: of_shopper(tx, who.shopper_id))
    return with_etag(answer(200, {"orders": [present(order) for order in found]}))


@bp.get("/orders/<uuid:order_id>")
@shopper
@describe("One order; poll with If-None-Match", answers={200: OrderView}, problems=("order_not_found",))
def get_order(order_id: UUID) -> Response:
    who = current_shopper().shopper_id
    order = services().run.read(lambda tx: of_this_shopper(tx, order_id, who))
    return with_etag(answer(200, present(order)))


def of_this_shopper(tx: Transaction, order_id: UUID, shopper_id: str) -> Order:
    """Raises Refusal order_not_found, also for another's."""
    order = find(tx, str(order_id))
    if order.shopper_id != shopper_id:
        raise Refusal("order_not_found")
    return order


@bp.get("/orders/<uuid:order_id>/refunds")
@shopper
@describe("What was paid back of an order", answers={200: RefundList}, problems=("order_not_found",))
def get_refunds(order_id: UUID) -> Response:
    who = current_shopper().shopper_id

    def read(tx: Transaction) -> list[Refunded]:
        return refunds.of_order(tx, of_this_shopper(tx, order_id, who).id)

    made = services().run.read(read)
    return with_etag(answer(200, {"refunds": [refund_json(each, RefundView) for each in made]}))


@bp.post("/orders/<uuid:order_id>/cancellation")
@device
@describe(
    "Cancel an own order before its goods are packed; the money goes back to where it came from",
    answers={200: OrderView},
    problems=("order_not_found", "order_state"),
    idempotent=True,
)
def post_cancellation(order_id: UUID) -> Response:
    who, at = current_shopper(), services()

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        return present(cancel(tx, str(order_id), who.shopper_id, ids=at.ids, now=now))

    once = idempotency(f"orders/{order_id}/cancellation", who.shopper_id)
    return stored(once_only(at, once, work, status=200))
