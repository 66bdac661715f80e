"""The packaging queue, an order of it, and the hand-over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from flask import Blueprint, Response, make_response, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import Visit, page
from admin_panel.amounts import LATIN
from admin_panel.notices import refused, went_well
from backend.api import duties, staff_orders
from backend.api.auth import services
from backend.api.reading import with_etag
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import staff
from backend.orders import packing
from backend.orders.order import Order, OrderState

LATE_MIN = 15
CODE = re.compile(r"[0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Card:
    order: Order
    waiting_min: int
    packer: str | None  # name, unless it is whoever looks
    mine: bool

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.order.lines)

    @property
    def complete(self) -> bool:
        return all(line.packed == line.quantity for line in self.order.lines)

    @property
    def late(self) -> bool:
        return self.waiting_min >= LATE_MIN


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/queue", view_func=queue)
    bp.add_url_rule("/<store>/queue/fragment", view_func=queue_fragment)
    bp.add_url_rule("/<store>/orders/<uuid:order_id>", view_func=order)
    for act in (accept, tick, ready, hand_over):
        bp.add_url_rule(
            f"/<store>/orders/<uuid:order_id>/{act.__name__.replace('_', '')}",
            view_func=act,
            methods=["POST"],
        )
    bp.add_url_rule("/<store>/orders/<uuid:order_id>/mismatch", view_func=mismatch, methods=["GET", "POST"])


@page(*duties.HAND_OVER)
def queue(visit: Visit) -> str:
    return render_template("staff/queue.html", columns=columns(visit))


@page(*duties.HAND_OVER)
def queue_fragment(visit: Visit) -> Response:
    """The cards alone, for the page that polls; unchanged is 304."""
    return with_etag(make_response(render_template("staff/cards.html", columns=columns(visit))))


@page(*duties.HAND_OVER)
def order(visit: Visit, order_id: UUID) -> str:
    return render_template("staff/order.html", card=card_of(visit, order_id))


@page(*duties.PACK)
def accept(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        done = staff_orders.accept(services(), visit.member, str(order_id))
        return went_well(back(visit, order_id), "said_accepted", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.PACK)
def tick(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        line_id, packed = request.form.get("line", ""), request.form.get("packed", "")
        if not packed.isascii() or not packed.isdecimal() or len(packed) > 4:
            raise Refusal("line_not_found")
        try:
            line = str(UUID(line_id))
        except ValueError:
            raise Refusal("line_not_found") from None
        staff_orders.tick(services(), visit.member, str(order_id), line, int(packed))
        return AnyResponse(status=303, headers={"Location": back(visit, order_id)})

    return tried(visit, order_id, act)


@page(*duties.PACK)
def ready(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        done = staff_orders.make_ready(services(), visit.member, str(order_id))
        return went_well(back(visit, order_id), "said_ready", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.HAND_OVER)
def hand_over(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        code = "".join(request.form.get("code", "").translate(LATIN).split())
        if not CODE.fullmatch(code):
            raise Refusal("pickup_code_malformed")
        done = staff_orders.hand_over(services(), visit.member, str(order_id), code)
        return went_well(queue_url(visit), "said_handed_over", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.HAND_OVER)
def mismatch(visit: Visit, order_id: UUID) -> str | AnyResponse:
    """First the question, then the record: a mismatch cannot be taken back."""
    if request.method == "GET":
        reasons = get_args(staff_orders.Reason)
        return render_template("staff/mismatch.html", card=card_of(visit, order_id), reasons=reasons)

    def act() -> AnyResponse:
        done = staff_orders.record_mismatch(services(), visit.member, str(order_id), asked_mismatch())
        return went_well(queue_url(visit), "said_mismatch", number=done.receipt_number)

    return tried(visit, order_id, act, again=url_for(".mismatch", store=visit.store.code, order_id=order_id))


def asked_mismatch() -> staff_orders.Mismatch:
    """Raises Refusal reason_missing."""
    money = {"all": True, "none": False}.get(request.form.get("refund", ""))
    fields: dict[str, Any] = {"reason": request.form.get("reason"), "refund": money}
    try:
        return staff_orders.Mismatch(**fields)
    except ValidationError:
        raise Refusal("reason_missing") from None


def tried(visit: Visit, order_id: UUID, act: Any, *, again: str | None = None) -> AnyResponse:
    """Do it; a refusal is told on the order's own page, next to what can be done about it."""
    try:
        done: AnyResponse = act()
    except Refusal as refusal:
        if refusal.code == "order_not_found":
            raise
        return refused(again or order_url(visit, order_id), refusal)
    return done


def columns(visit: Visit) -> dict[str, list[Card]]:
    at = services()
    now = at.clock.now()

    def read(tx: Transaction) -> list[Card]:
        names = staff.names(tx, visit.store.id)
        return [card(order, visit, names, now) for order in packing.queue(tx, visit.store.id)]

    cards = at.run.read(read)
    packing_states = (OrderState.ACCEPTED, OrderState.PACKING)
    return {
        "new": [c for c in cards if c.order.state is OrderState.PAID],
        "packing": [c for c in cards if c.order.state in packing_states],
        "ready": [c for c in cards if c.order.state is OrderState.READY],
    }


def card_of(visit: Visit, order_id: UUID) -> Card:
    """Raises Refusal order_not_found, also for an order of another store than the page's."""
    at = services()

    def read(tx: Transaction) -> Card:
        found = packing.of_store(tx, str(order_id), visit.member)
        if found.store_id != visit.store.id:
            raise Refusal("order_not_found")
        return card(found, visit, staff.names(tx, visit.store.id), at.clock.now())

    return at.run.read(read)


def card(order: Order, visit: Visit, names: dict[str, str], now: datetime) -> Card:
    mine = order.packer_id == visit.member.id
    packer = None if mine or order.packer_id is None else names.get(order.packer_id, "–")
    waiting_min = max(0, int((now - order.placed_at).total_seconds() // 60))
    return Card(order, waiting_min, packer, mine)


def back(visit: Visit, order_id: UUID) -> str:
    from_order = request.form.get("back") == "order"
    return order_url(visit, order_id) if from_order else f"{queue_url(visit)}#order-{order_id}"


def queue_url(visit: Visit) -> str:
    return url_for(".queue", store=visit.store.code)


def order_url(visit: Visit, order_id: UUID) -> str:
    return url_for(".order", store=visit.store.code, order_id=order_id)
