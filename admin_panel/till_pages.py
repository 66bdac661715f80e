"""The till: vouchers for cash, payouts, and the closing of the day."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import Visit, page
from admin_panel.acts import new_act, once
from admin_panel.amounts import LATIN, minor_from_text, money
from admin_panel.language import current
from admin_panel.notices import refused, went_well
from backend.api import duties, staff_till
from backend.api.auth import services
from backend.api.staff_till import NewClosing, NewPayOut, NewVoucher
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.ledger import closings, vouchers
from backend.ledger.closings import Closing, Till
from backend.ledger.voucher_codes import shown
from catalogue.qr import qr_matrix, qr_svg

CODE_SHOWN = timedelta(minutes=15)  # to whoever issued it


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/till", view_func=till)
    bp.add_url_rule("/<store>/till/closing", view_func=close, methods=["POST"])
    bp.add_url_rule("/<store>/till/voucher", view_func=issue, methods=["POST"])
    bp.add_url_rule("/<store>/vouchers/<uuid:voucher_id>", view_func=voucher)
    bp.add_url_rule("/<store>/people/<uuid:shopper_id>/payout", view_func=pay_out, methods=["POST"])


@page(*duties.CASH_OUT)
def till(visit: Visit) -> str:
    at, store = services(), visit.store

    def read(tx: Transaction) -> tuple[Till, list[Closing]]:
        return closings.till(tx, store.id, store.currency), closings.closings_of(tx, store.id)

    closes = visit.member.role in duties.CLOSE
    state, closed = at.run.read(read) if closes else (None, [])
    return render_template(
        "staff/till.html",
        till=state,
        closings=closed,
        today=staff_till.today(store, at.clock.now()),
        act=new_act(),
        uses_max=vouchers.USES_MAX,
    )


@page(*duties.CASH_OUT)
def issue(visit: Visit) -> AnyResponse:
    try:
        asked = NewVoucher(
            store=visit.store.code, value_minor=amount(visit), uses=number(request.form.get("uses", ""))
        )
        made = staff_till.issue(services(), visit.member, asked, once(visit, "voucher", asked))
    except ValidationError:
        return refused(here(visit), Refusal("amount_out_of_range"))
    except Refusal as refusal:
        return refused(here(visit), refusal)
    return went_well(url_for(".voucher", store=visit.store.code, voucher_id=made["id"]), "voucher_issued")


@page(*duties.CASH_OUT)
def voucher(visit: Visit, voucher_id: object) -> str:
    """The code with its QR, for a while, to whoever took the cash: it is money."""
    at = services()
    found = at.run.read(lambda tx: vouchers.find(tx, str(voucher_id)))
    late = at.clock.now() - found.issued_at > CODE_SHOWN
    if late or (found.store_id, found.staff_id) != (visit.store.id, visit.member.id):
        raise Refusal("not_found")
    code = staff_till.code_of(at, found.id)
    address = f"https://{at.settings.public_host}/wallet#{code}"  # behind "#": no server's log holds it
    return render_template(
        "staff/voucher.html", voucher=found, code=shown(code), qr=qr_svg(qr_matrix(address))
    )


@page(*duties.CASH_OUT)
def pay_out(visit: Visit, shopper_id: object) -> AnyResponse:
    again = url_for(".people", store=visit.store.code, shopper=str(shopper_id))
    try:
        asked = NewPayOut(store=visit.store.code, shopper=str(shopper_id), amount_minor=amount(visit))
        done = staff_till.pay_cash(services(), visit.member, asked, once(visit, "payout", asked))
    except ValidationError:
        return refused(again, Refusal("amount_out_of_range"))
    except Refusal as refusal:
        return refused(again, refusal)
    return went_well(again, "paid_out", balance=shown_money(visit, json.loads(done.body)["balance_minor"]))


@page(*duties.CLOSE)
def close(visit: Visit) -> AnyResponse:
    try:
        day = request.form.get("day", "")[:10]
        asked = NewClosing(store=visit.store.code, day=day, counted_minor=amount(visit))
        done = staff_till.close(services(), visit.member, asked, once(visit, "closing", asked))
    except ValidationError:
        return refused(here(visit), Refusal("amount_out_of_range"))
    except Refusal as refusal:
        return refused(here(visit), refusal)
    closing: dict[str, Any] = json.loads(done.body)
    difference = shown_money(visit, closing["difference_minor"])
    return went_well(here(visit), "till_closed", day=closing["day"], difference=difference)


def here(visit: Visit) -> str:
    return url_for(".till", store=visit.store.code)


def amount(visit: Visit) -> int:
    """Raises Refusal amount_unreadable."""
    return minor_from_text(request.form.get("amount", ""), visit.store.currency)


def number(text: str) -> int:
    """Raises Refusal amount_out_of_range."""
    digits = text.strip().translate(LATIN)
    if not digits.isascii() or not digits.isdigit() or len(digits) > len(str(vouchers.USES_MAX)):
        raise Refusal("amount_out_of_range")
    return int(digits)


def shown_money(visit: Visit, minor: int) -> str:
    return money(minor, visit.store.currency, current())
