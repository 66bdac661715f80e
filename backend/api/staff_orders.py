"""The packaging queue and the hand-over."""

from __future__ import annotations

import json
from typing import Any, Literal

from flask import Blueprint, Response, request
from pydantic import Field

from backend.api import duties
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.orders import present
from backend.api.reading import Body, answer, read_json, with_etag
from backend.checkout import mismatch
from backend.db import events
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import devices
from backend.identity.staff import StaffMember
from backend.orders import handover, packing
from backend.orders.order import Order, OrderState
from backend.wiring import Services

bp = Blueprint("staff_orders", __name__, url_prefix="/v1")
Reason = Literal["goods_differ", "goods_missing", "goods_damaged", "other_person"]


class Packed(Body):
    packed: int = Field(ge=0, le=1000, description="Pieces of this line in the bag")


class PickupCode(Body):
    code: str = Field(pattern=r"^[0-9]{6}$")


class Mismatch(Body):
    reason: Reason
    refund: bool = Field(description="Pay the whole order back into the wallet")


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
    "Take an order to pack it",
    answers={200: "application/json"},
    problems=("order_not_found", "order_state"),
)
def post_accept(order_id: Any) -> Response:
    return answer(200, order_json(accept(services(), current_staff(), str(order_id))))


@bp.post("/staff/orders/<uuid:order_id>/lines/<uuid:line_id>/packed")
@staff_role(*duties.PACK)
@describe(
    "Tick pieces of a line",
    body=Packed,
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "line_not_found"),
)
def post_packed(order_id: Any, line_id: Any) -> Response:
    packed = read_json(Packed).packed
    return answer(200, order_json(tick(services(), current_staff(), str(order_id), str(line_id), packed)))


@bp.post("/staff/orders/<uuid:order_id>/ready")
@staff_role(*duties.PACK)
@describe(
    "Everything is packed: the shopper's devices get the pick-up code",
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "lines_unpacked"),
)
def post_ready(order_id: Any) -> Response:
    return answer(200, order_json(make_ready(services(), current_staff(), str(order_id))))


@bp.post("/staff/orders/<uuid:order_id>/handover")
@staff_role(*duties.HAND_OVER)
@describe(
    "Hand the goods over to whoever shows the order's pick-up code",
    body=PickupCode,
    answers={200: "application/json"},
    problems=("order_not_found", "order_state", "pickup_code_wrong", "pickup_locked"),
)
def post_handover(order_id: Any) -> Response:
    order = hand_over(services(), current_staff(), str(order_id), read_json(PickupCode).code)
    return answer(200, {"message": "thanks", **order_json(order)})


@bp.post("/staff/orders/<uuid:order_id>/mismatch")
@staff_role(*duties.HAND_OVER)
@describe(
    "Person or goods do not match the order: nothing is handed over",
    body=Mismatch,
    answers={200: "application/json"},
    problems=("order_not_found", "order_state"),
)
def post_mismatch(order_id: Any) -> Response:
    asked = read_json(Mismatch)
    order = record_mismatch(services(), current_staff(), str(order_id), asked)
    return answer(200, {"message": "order_mismatch", **order_json(order)})


def accept(at: Services, member: StaffMember, order_id: str) -> Order:
    return at.run(lambda tx: packing.accept(tx, order_id, staff=member, ids=at.ids, now=at.clock.now()))


def tick(at: Services, member: StaffMember, order_id: str, line_id: str, packed: int) -> Order:
    return at.run(lambda tx: packing.tick(tx, order_id, line_id, packed, staff=member, now=at.clock.now()))


def make_ready(at: Services, member: StaffMember, order_id: str) -> Order:
    """The code exists in clear only here; it is sealed to each live device of the shopper, outside a transaction."""

    def whose(tx: Transaction) -> list[devices.Device]:
        return devices.of(tx, packing.of_store(tx, order_id, member).shopper_id)

    code = at.ids.digits(packing.PICKUP_DIGITS)
    content = json.dumps({"code": code, "order_id": order_id})
    sealed = {
        device.id: at.sealer.seal(content, device.jwk_enc, content_type="application/json")
        for device in at.run.read(whose)
    }
    return at.run(
        lambda tx: packing.ready(
            tx, order_id, code=code, sealed=sealed, staff=member, ids=at.ids, now=at.clock.now()
        )
    )


def hand_over(at: Services, member: StaffMember, order_id: str, code: str) -> Order:
    """The try is counted and committed before the code is compared."""
    left = at.run(lambda tx: handover.take_try(tx, order_id, staff=member))
    return at.run(
        lambda tx: handover.hand_over(
            tx, order_id, code, tries_left=left, staff=member, ids=at.ids, now=at.clock.now()
        )
    )


def record_mismatch(at: Services, member: StaffMember, order_id: str, asked: Mismatch) -> Order:
    command = mismatch.Mismatch(order_id, asked.reason, asked.refund)
    return at.run(
        lambda tx: mismatch.record_mismatch(tx, command, staff=member, ids=at.ids, now=at.clock.now())
    )


def states_from_text(text: str) -> tuple[OrderState, ...]:
    """Raises Refusal order_state_unknown."""
    if not text:
        return packing.QUEUE_STATES
    try:
        return tuple(OrderState(word) for word in text.split(","))
    except ValueError:
        raise Refusal("order_state_unknown", states=[str(state) for state in OrderState]) from None


def order_json(order: Order) -> dict[str, Any]:
    return {**present(order), "packer_id": order.packer_id, "changed_at": order.changed_at.isoformat()}
