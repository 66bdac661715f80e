"""The packaging queue, an order of it, and the hand-over."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import SESSION_COOKIE, Visit, page
from admin_panel.acts import new_act, once
from admin_panel.amounts import LATIN, pieces_from_text
from admin_panel.live import Screens
from admin_panel.notices import refused, went_well
from backend.api import duties, staff_orders, staff_refunds
from backend.api.auth import services
from backend.api.reading import with_etag
from backend.checkout import made_good, refunds
from backend.checkout.refunds import Refunded
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
    free: bool  # nobody packs it, or whoever did let the time run out

    @property
    def pieces(self) -> int:
        return sum(line.left for line in self.order.lines)

    @property
    def late(self) -> bool:
        return self.waiting_min >= LATE_MIN


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/queue", view_func=queue)
    bp.add_url_rule("/<store>/queue/fragment", view_func=queue_fragment)
    bp.add_url_rule("/<store>/orders/<uuid:order_id>", view_func=order)
    for act in (accept, release, tick, missing, ready, new_code, hand_over):
        bp.add_url_rule(
            f"/<store>/orders/<uuid:order_id>/{act.__name__.replace('_', '')}",
            view_func=act,
            methods=["POST"],
        )
    bp.add_url_rule("/<store>/orders/<uuid:order_id>/mismatch", view_func=mismatch, methods=["GET", "POST"])
    bp.add_url_rule("/<store>/orders/<uuid:order_id>/refund", view_func=refund, methods=["GET", "POST"])
    bp.add_url_rule(
        "/<store>/orders/<uuid:order_id>/refunds/<uuid:refund_id>/make-good",
        view_func=make_good,
        methods=["POST"],
    )


@page(*duties.HAND_OVER)
def queue(visit: Visit) -> str:
    return render_template("staff/queue.html", columns=columns(visit))


def queue_fragment(store: str) -> AnyResponse:
    """The cards alone, for the page that polls; unchanged is 304, mostly without a look at the database."""
    key = (request.cookies.get(SESSION_COOKIE, ""), store)
    etag = screens().unchanged(key, request.headers.get("If-None-Match", ""))
    if etag is not None:
        return AnyResponse(status=304, headers={"ETag": etag, "Cache-Control": "no-cache"})
    answer: AnyResponse = cards(store=store)
    return answer


@page(*duties.HAND_OVER)
def cards(visit: Visit) -> Response:
    event = screens().last_event(visit.store.id)
    answer = with_etag(make_response(render_template("staff/cards.html", columns=columns(visit))))
    key = (request.cookies.get(SESSION_COOKIE, ""), visit.store.code)
    screens().remember(key, visit.store.id, event, answer.headers["ETag"])
    return answer


queue_fragment.access = cards.access  # type: ignore[attr-defined]


def screens() -> Screens:
    kept: Screens = current_app.extensions.setdefault("screens", Screens(services().run))
    return kept


@page(*duties.HAND_OVER)
def order(visit: Visit, order_id: UUID) -> str:
    at, found = services(), card_of(visit, order_id)

    def read(tx: Transaction) -> tuple[list[Refunded], dict[str, str]]:
        return refunds.of_order(tx, found.order.id), staff.names(tx, visit.store.id)

    given, names = at.run.read(read)
    return render_template("staff/order.html", card=found, refunds=given, names=names, new_act=new_act)


@page(*duties.PACK)
def accept(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        done = staff_orders.accept(services(), visit.member, str(order_id))
        return went_well(back(visit, order_id), "said_accepted", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.PACK)
def release(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        done = staff_orders.release(services(), visit.member, str(order_id))
        return went_well(back(visit, order_id), "said_released", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.PACK)
def tick(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        line, packed = typed_line(), typed_pieces(request.form.get("packed", ""))
        staff_orders.tick(services(), visit.member, str(order_id), line, packed)
        return AnyResponse(status=303, headers={"Location": back(visit, order_id)})

    return tried(visit, order_id, act)


@page(*duties.PACK)
def missing(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        line = typed_line()
        asked = staff_orders.Missing(pieces=max(1, typed_pieces(request.form.get("pieces", ""))))
        key = once(visit, f"orders/{order_id}/lines/{line}/missing", asked)
        staff_orders.report_missing(services(), visit.member, str(order_id), line, asked, key)
        return went_well(order_url(visit, order_id), "said_missing")

    return tried(visit, order_id, act)


@page(*duties.PACK)
def ready(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        done = staff_orders.make_ready(services(), visit.member, str(order_id))
        return went_well(back(visit, order_id), "said_ready", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.HAND_OVER)
def new_code(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        done = staff_orders.renew_code(services(), visit.member, str(order_id))
        return went_well(back(visit, order_id), "said_new_code", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.HAND_OVER)
def hand_over(visit: Visit, order_id: UUID) -> AnyResponse:
    def act() -> AnyResponse:
        code = "".join(request.form.get("code", "").translate(LATIN).split())
        if not CODE.fullmatch(code):
            raise Refusal("pickup_code_malformed")
        shown = staff_orders.PickupCode(code=code, age_checked="age_checked" in request.form)
        done = staff_orders.hand_over(services(), visit.member, str(order_id), shown)
        return went_well(queue_url(visit), "said_handed_over", number=done.receipt_number)

    return tried(visit, order_id, act)


@page(*duties.HAND_OVER)
def mismatch(visit: Visit, order_id: UUID) -> str | AnyResponse:
    """First the question, then the record: a mismatch cannot be taken back."""
    if request.method == "GET":
        reasons = get_args(staff_orders.Reason)
        return render_template(
            "staff/mismatch.html", card=card_of(visit, order_id), reasons=reasons, new_act=new_act
        )

    def act() -> AnyResponse:
        asked = asked_mismatch()
        key = once(visit, f"orders/{order_id}/mismatch", asked)
        done = staff_orders.record_mismatch(services(), visit.member, str(order_id), asked, key)
        return went_well(queue_url(visit), "said_mismatch", number=json.loads(done.body)["receipt_number"])

    return tried(visit, order_id, act, again=url_for(".mismatch", store=visit.store.code, order_id=order_id))


@page(*duties.REFUND)
def refund(visit: Visit, order_id: UUID) -> str | AnyResponse:
    """Which pieces, why, and what becomes of the goods."""
    found = card_of(visit, order_id)
    if request.method == "GET":
        choices = {"reasons": get_args(staff_refunds.Reason), "goods": get_args(refunds.Goods)}
        return render_template("staff/refund.html", card=found, new_act=new_act, **choices)

    def act() -> AnyResponse:
        asked = asked_refund(found.order)
        done = staff_refunds.give_back(services(), visit.member, asked, once(visit, "refunds", asked))
        return went_well(order_url(visit, order_id), "said_refunded", number=json.loads(done.body)["number"])

    return tried(visit, order_id, act, again=url_for(".refund", store=visit.store.code, order_id=order_id))


@page(*duties.REFUND)
def make_good(visit: Visit, order_id: UUID, refund_id: UUID) -> AnyResponse:
    """What the bank refused is paid into the wallet, or was paid back by hand."""

    def act() -> AnyResponse:
        way = asked_way()
        staff_refunds.make_good(services(), visit.member, str(order_id), str(refund_id), way)
        said = "said_in_wallet" if way == "wallet" else "said_noted"
        return went_well(order_url(visit, order_id), said)

    return tried(visit, order_id, act)


def typed_line() -> str:
    """Raises Refusal line_not_found."""
    try:
        return str(UUID(request.form.get("line", "")))
    except ValueError:
        raise Refusal("line_not_found") from None


def typed_pieces(text: str) -> int:
    """Raises Refusal pieces_unreadable."""
    return pieces_from_text(text, digits_max=4, empty=0)


def asked_refund(order: Order) -> staff_refunds.NewRefund:
    """Raises Refusal pieces_unreadable, reason_missing."""
    pieces = {line.id: typed_pieces(request.form.get(f"pieces-{line.id}", "")) for line in order.lines}
    lines = tuple({"line": UUID(line), "pieces": count} for line, count in pieces.items() if count)
    fields: dict[str, Any] = {
        "order": UUID(order.id),
        "lines": None if "all" in request.form else lines,
        "goods": request.form.get("goods"),
        "reason": request.form.get("reason"),
        "refund_amount_available": typed_minor(request.form.get("available", "")),
    }
    try:
        return staff_refunds.NewRefund(**fields)
    except ValidationError:
        raise Refusal("reason_missing") from None


def typed_minor(text: str) -> int:
    """What the form itself carries: the amount that its page showed. Raises Refusal form_expired."""
    if not text.isascii() or not text.isdecimal() or len(text) > 13:
        raise Refusal("form_expired")
    return int(text)


def asked_way() -> made_good.Way:
    """Which button. Raises Refusal form_expired."""
    fields: dict[str, Any] = {"way": request.form.get("way")}
    try:
        return staff_refunds.Amends(**fields).way
    except ValidationError:
        raise Refusal("form_expired") from None


def asked_mismatch() -> staff_orders.Mismatch:
    """Raises Refusal reason_missing."""
    money, goods = {
        "restock": (True, "restock"),
        "write_off": (True, "write_off"),
        "none": (False, "restock"),
    }.get(request.form.get("refund", ""), (None, None))
    fields: dict[str, Any] = {"reason": request.form.get("reason"), "refund": money, "goods": goods}
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
    return {
        "new": [c for c in cards if c.order.state is OrderState.PAID],
        "packing": [c for c in cards if c.order.state in packing.BEING_PACKED],
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
    return Card(order, waiting_min, packer, mine, free=not packing.is_claimed(order, now))


def back(visit: Visit, order_id: UUID) -> str:
    from_order = request.form.get("back") == "order"
    return order_url(visit, order_id) if from_order else f"{queue_url(visit)}#order-{order_id}"


def queue_url(visit: Visit) -> str:
    return url_for(".queue", store=visit.store.code)


def order_url(visit: Visit, order_id: UUID) -> str:
    return url_for(".order", store=visit.store.code, order_id=order_id)
