"""The packaging queue and the hand-over."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from flask import Blueprint, Response, request
from pydantic import Field

from backend.api import duties
from backend.api.acts import once_only
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.orders import present
from backend.api.reading import Body, answer, idempotency, read_json, stored, with_etag
from backend.checkout import mismatch, returns
from backend.db import events
from backend.db.idempotency import Answer, Once
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import devices
from backend.identity.staff import StaffMember
from backend.orders import handover, packing
from backend.orders.order import OPEN, Order, OrderState
from backend.wiring import Services

bp = Blueprint("staff_orders", __name__, url_prefix="/v1")
Reason = Literal["goods_differ", "goods_missing", "goods_damaged", "other_person", "under_age"]


class Packed(Body):
    packed: int = Field(ge=0, le=1000, description="Pieces of this line in the bag")


class PickupCode(Body):
    code: str = Field(pattern=r"^[0-9]{6}$")
    age_checked: bool = Field(default=False, description="Who collects showed that they are old enough")


class Missing(Body):
    pieces: int = Field(ge=1, le=1000, description="Pieces of this line that cannot be found")


class Mismatch(Body):
    reason: Reason
    refund: bool = Field(description="Pay back all that is left of the order")
    goods: Literal["restock", "write_off"] = Field(
        default="restock", description="With a refund: back on the shelf, or thrown away"
    )


@bp.get("/staff/orders")
@staff_role(*duties.HAND_OVER)
@describe(
    "The packaging queue of a store, oldest first",
    query={"store": "Store code.", "state": "States, separated by commas; all open ones if absent."},
    answers={200: "application/json", 304: None},
    problems=("store_unknown", "order_state_unknown"),
)
def get_orders() -> Response:
    at, member = services(), current_staff()
    code, states = request.args.get("store", ""), states_from_text(request.args.get("state", ""))

    def read(tx: Transaction) -> dict[str, Any]:
        store = duties.store_of(tx, member, code)
        queue = packing.queue(tx, store.id, states)
        return {"orders": [order_json(order) for order in queue], "event": events.last(tx, store.id)}

    return with_etag(answer(200, at.run.read(read)))


@bp.get("/staff/orders/<uuid:order_id>")
@staff_role(*duties.HAND_OVER)
@describe("One order of the queue", answers={200: "application/json"}, problems=("order_not_found",))
def get_order(order_id: Any) -> Response:
    at, member = services(), current_staff()
    order = at.run.read(lambda tx: packing.of_store(tx, str(order_id), member))
    return with_etag(answer(200, order_json(order)))


@bp.post("/staff/orders/<uuid:order_id>/accept")
@staff_role(*duties.PACK)
@describe(
    "Claim an order to pack it: a new one, or one whose packer's time ran out; each tick renews the time",
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "order_claimed"),
)
def post_accept(order_id: Any) -> Response:
    return answer(200, order_json(accept(services(), current_staff(), str(order_id))))


@bp.post("/staff/orders/<uuid:order_id>/release")
@staff_role(*duties.PACK)
@describe(
    "Give a claimed order back to the queue; managers may give back another's",
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "order_claimed"),
)
def post_release(order_id: Any) -> Response:
    return answer(200, order_json(release(services(), current_staff(), str(order_id))))


@bp.post("/staff/orders/<uuid:order_id>/lines/<uuid:line_id>/packed")
@staff_role(*duties.PACK)
@describe(
    "Tick pieces of a line",
    body=Packed,
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "order_claimed", "line_not_found"),
)
def post_packed(order_id: Any, line_id: Any) -> Response:
    packed = read_json(Packed).packed
    return answer(200, order_json(tick(services(), current_staff(), str(order_id), str(line_id), packed)))


@bp.post("/staff/orders/<uuid:order_id>/lines/<uuid:line_id>/missing")
@staff_role(*duties.PACK)
@describe(
    "Pieces of a line cannot be found: their money goes back, the order goes on without them",
    body=Missing,
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "order_claimed", "line_not_found", "refund_beyond"),
    idempotent=True,
)
def post_missing(order_id: Any, line_id: Any) -> Response:
    member, asked = current_staff(), read_json(Missing)
    once = idempotency(f"orders/{order_id}/lines/{line_id}/missing", owner=f"staff:{member.id}")
    return stored(report_missing(services(), member, str(order_id), str(line_id), asked, once))


@bp.post("/staff/orders/<uuid:order_id>/ready")
@staff_role(*duties.PACK)
@describe(
    "Everything is packed: the shopper's devices get the pick-up code",
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "order_claimed", "lines_unpacked"),
)
def post_ready(order_id: Any) -> Response:
    return answer(200, order_json(make_ready(services(), current_staff(), str(order_id))))


@bp.post("/staff/orders/<uuid:order_id>/code")
@staff_role(*duties.HAND_OVER)
@describe(
    "Send the shopper's devices a new pick-up code, with new tries; the old one ends",
    answers={200: "application/json"},
    problems=("order_not_found", "order_state"),
)
def post_code(order_id: Any) -> Response:
    return answer(200, order_json(renew_code(services(), current_staff(), str(order_id))))


@bp.post("/staff/orders/<uuid:order_id>/handover")
@staff_role(*duties.HAND_OVER)
@describe(
    "Hand the goods over to whoever shows the order's pick-up code",
    body=PickupCode,
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "age_check_needed", "pickup_code_wrong", "pickup_locked"),
)
def post_handover(order_id: Any) -> Response:
    order = hand_over(services(), current_staff(), str(order_id), read_json(PickupCode))
    return answer(200, {"message": "thanks", **order_json(order)})


@bp.post("/staff/orders/<uuid:order_id>/mismatch")
@staff_role(*duties.HAND_OVER)
@describe(
    "Person or goods do not match the order: nothing is handed over",
    body=Mismatch,
    answers={200: "application/json"},
    problems=("order_not_found", "order_state"),
    idempotent=True,
)
def post_mismatch(order_id: Any) -> Response:
    member, asked = current_staff(), read_json(Mismatch)
    once = idempotency(f"orders/{order_id}/mismatch", owner=f"staff:{member.id}")
    return stored(record_mismatch(services(), member, str(order_id), asked, once))


def accept(at: Services, member: StaffMember, order_id: str) -> Order:
    return at.run(lambda tx: packing.accept(tx, order_id, staff=member, ids=at.ids, now=at.clock.now()))


def release(at: Services, member: StaffMember, order_id: str) -> Order:
    return at.run(lambda tx: packing.release(tx, order_id, staff=member, ids=at.ids, now=at.clock.now()))


def tick(at: Services, member: StaffMember, order_id: str, line_id: str, packed: int) -> Order:
    return at.run(lambda tx: packing.tick(tx, order_id, line_id, packed, staff=member, now=at.clock.now()))


def report_missing(
    at: Services, member: StaffMember, order_id: str, line_id: str, asked: Missing, once: Once
) -> Answer:
    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        found = returns.report_missing(tx, order_id, line_id, asked.pieces, staff=member, ids=at.ids, now=now)
        return order_json(found)

    return once_only(at, once, work, status=200)


def make_ready(at: Services, member: StaffMember, order_id: str) -> Order:
    return with_new_code(at, member, order_id, packing.ready)


def renew_code(at: Services, member: StaffMember, order_id: str) -> Order:
    return with_new_code(at, member, order_id, packing.renew_code)


def with_new_code(at: Services, member: StaffMember, order_id: str, act: Callable[..., Order]) -> Order:
    """The code exists in clear only here; it is sealed to each live device of the shopper, outside a transaction."""

    def whose(tx: Transaction) -> list[devices.Device]:
        return devices.of(tx, packing.of_store(tx, order_id, member).shopper_id)

    code = at.ids.digits(packing.PICKUP_DIGITS)
    content = json.dumps({"code": code, "order_id": order_id})
    sealed = {
        device.id: at.sealer.seal(content, device.jwk_enc, content_type="application/json")
        for device in at.run.read(whose)
    }
    given = {"code": code, "sealed": sealed, "staff": member}
    return at.run(lambda tx: act(tx, order_id, **given, ids=at.ids, now=at.clock.now()))


def hand_over(at: Services, member: StaffMember, order_id: str, shown: PickupCode) -> Order:
    """The try is counted and committed before the code is compared."""
    left = at.run(lambda tx: handover.take_try(tx, order_id, age_checked=shown.age_checked, staff=member))
    return at.run(
        lambda tx: handover.hand_over(
            tx, order_id, shown.code, tries_left=left, staff=member, ids=at.ids, now=at.clock.now()
        )
    )


def record_mismatch(at: Services, member: StaffMember, order_id: str, asked: Mismatch, once: Once) -> Answer:
    command = mismatch.Mismatch(order_id, asked.reason, asked.refund, asked.goods)

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        order = mismatch.record_mismatch(tx, command, staff=member, ids=at.ids, now=now)
        return {"message": "order_mismatch", **order_json(order)}

    return once_only(at, once, work, status=200)


def states_from_text(text: str) -> tuple[OrderState, ...]:
    """Raises Refusal order_state_unknown."""
    if not text:
        return OPEN
    try:
        return tuple(OrderState(word) for word in text.split(","))
    except ValueError:
        raise Refusal("order_state_unknown", states=[str(state) for state in OrderState]) from None


def order_json(order: Order) -> dict[str, Any]:
    """With what only staff see: who packs it and until when, and everything that was done to it by whom."""
    until = order.claim_until
    return {
        **present(order),
        "packer_id": order.packer_id,
        "claim_until": until and until.isoformat(),
        "changed_at": order.changed_at.isoformat(),
        "history": [
            {
                "state": str(step.state),
                "act": step.act,
                "at": step.at.isoformat(),
                "staff_id": step.staff_id,
                "note": step.note,
            }
            for step in order.steps
        ],
    }
