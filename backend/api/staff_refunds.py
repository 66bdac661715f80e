"""Refunds by staff: of a whole order or by pieces of its lines, before and after the pick-up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, Response
from pydantic import AfterValidator, Field

from backend.api import duties
from backend.api.acts import once_only
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.orders import RefundView, refund_json
from backend.api.reading import Body, answer, idempotency, read_json, stored
from backend.checkout import made_good, refunds, returns
from backend.checkout.made_good import Way
from backend.checkout.refunds import Goods, Refund, Refunded
from backend.db.idempotency import Answer, Once
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.money import MINOR_MAX
from backend.orders import packing
from backend.wiring import Services

bp = Blueprint("staff_refunds", __name__, url_prefix="/v1/staff")
Reason = Literal["returned", "damaged", "wrong_goods", "goods_missing", "goodwill"]


class RefundLine(Body):
    line: UUID
    pieces: int = Field(ge=1, le=1000)


def each_line_once(lines: tuple[RefundLine, ...]) -> tuple[RefundLine, ...]:
    if len({line.line for line in lines}) < len(lines):
        raise ValueError("a line may stand there once")
    return lines


class NewRefund(Body):
    order: UUID
    lines: (
        Annotated[tuple[RefundLine, ...], Field(min_length=1, max_length=200), AfterValidator(each_line_once)]
        | None
    ) = Field(default=None, description="All that is left of the order, if absent")
    goods: Goods = Field(description="Back on the shelf, thrown away, or not come back")
    reason: Reason
    refund_amount_available: int | None = Field(
        default=None,
        ge=0,
        le=MINOR_MAX,
        description="What you believe is left to refund; if it is not, nothing is refunded",
    )
    currency: str | None = Field(default=None, min_length=3, max_length=3, description="Of the order")

    def pieces(self) -> dict[str, int] | None:
        return None if self.lines is None else {str(line.line): line.pieces for line in self.lines}


class StaffRefundView(RefundView):
    order_id: str
    goods: str
    actor: str


class Amends(Body):
    way: Way = Field(
        description="Into the shopper's wallet, or paid back by hand in the gateway's own office"
    )


class StaffRefundList(Body):
    refunds: list[StaffRefundView]


@bp.post("/refunds")
@staff_role(*duties.REFUND)
@describe(
    "Pay back an order, or pieces of its lines",
    body=NewRefund,
    answers={201: StaffRefundView},
    problems=(
        "order_not_found",
        "line_not_found",
        "currency_unknown",
        "refund_amount_changed",
        "refund_beyond",
    ),
    idempotent=True,
)
def post_refund() -> Response:
    member, asked = current_staff(), read_json(NewRefund)
    return stored(give_back(services(), member, asked, idempotency("refunds", owner=f"staff:{member.id}")))


@bp.get("/orders/<uuid:order_id>/refunds")
@staff_role(*duties.HAND_OVER)
@describe("What was paid back of an order", answers={200: StaffRefundList}, problems=("order_not_found",))
def get_refunds(order_id: UUID) -> Response:
    at, member = services(), current_staff()

    def read(tx: Transaction) -> list[Refunded]:
        return refunds.of_order(tx, packing.of_store(tx, str(order_id), member).id)

    return answer(200, {"refunds": [refund_json(made, StaffRefundView) for made in at.run.read(read)]})


@bp.post("/orders/<uuid:order_id>/refunds/<uuid:refund_id>/make-good")
@staff_role(*duties.REFUND)
@describe(
    "Pay back in another way what the bank refused to put on the card; once, however often it is sent",
    body=Amends,
    answers={200: StaffRefundView},
    problems=("order_not_found", "refund_not_found", "refund_not_failed"),
)
def post_amends(order_id: UUID, refund_id: UUID) -> Response:
    made = make_good(services(), current_staff(), str(order_id), str(refund_id), read_json(Amends).way)
    return answer(200, refund_json(made, StaffRefundView))


def make_good(at: Services, member: StaffMember, order_id: str, refund_id: str, way: Way) -> Refunded:
    now = at.clock.now()
    return at.run(
        lambda tx: made_good.make_good(tx, order_id, refund_id, way, staff=member, ids=at.ids, now=now)
    )


def give_back(at: Services, member: StaffMember, asked: NewRefund, once: Once) -> Answer:
    what = Refund(asked.reason, asked.goods, asked.pieces(), asked.refund_amount_available)

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        made = returns.give_back(tx, str(asked.order), what, staff=member, ids=at.ids, now=now)
        if asked.currency not in (None, made.currency):  # undoes it
            raise Refusal("currency_unknown", currency=made.currency)
        return refund_json(made, StaffRefundView)

    return once_only(at, once, work)
