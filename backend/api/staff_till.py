"""The till of a store: what it owes, vouchers and payouts out of it, and the closing of a day."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from backend.api import duties
from backend.api.acts import once_only
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import Body, answer, idempotency, read_json, stored
from backend.api.staff_sales import day_from_text
from backend.api.staff_wallet import ToppedUpAnswer, shopper_named
from backend.db.idempotency import Answer, Once
from backend.db.transaction import Transaction
from backend.identity.staff import StaffMember
from backend.inventory.stores import Store
from backend.ledger import closings, vouchers
from backend.ledger.closings import CloseDay, Closing
from backend.ledger.topups import PayOut, pay_out
from backend.ledger.voucher_codes import code_from, shown
from backend.ledger.vouchers import Issue, Voucher
from backend.money import MINOR_MAX
from backend.wiring import Services

bp = Blueprint("staff_till", __name__, url_prefix="/v1/staff")
STORE = Field(min_length=1, max_length=4, description="Store code", examples=["R1"])


class NewPayOut(Body):
    store: str = STORE
    shopper: str = Field(min_length=1, max_length=64, description="Login or id", examples=["noura"])
    amount_minor: int = Field(gt=0, le=MINOR_MAX, examples=[20_00])


class NewVoucher(Body):
    store: str = STORE
    value_minor: int = Field(gt=0, le=MINOR_MAX, description="Of one use", examples=[50_00])
    uses: int = Field(default=1, ge=1, le=vouchers.USES_MAX, description="Once a shopper")


class VoucherAnswer(BaseModel):
    id: str
    code: str
    value_minor: int
    uses_max: int
    currency: str
    expires_at: str


class NewClosing(Body):
    store: str = STORE
    day: str = Field(max_length=10, description="YYYY-MM-DD of the store's calendar", examples=["2026-11-22"])
    counted_minor: int = Field(ge=0, le=MINOR_MAX, description="Cash in the till", examples=[1_250_00])


class ClosingView(BaseModel):
    id: str
    day: str
    expected_minor: int
    counted_minor: int
    difference_minor: int
    at: str


class TillView(BaseModel):
    currency: str
    today: str
    expected_minor: int  # what should be in it now
    moved_minor: dict[str, int]  # since it was emptied, by kind
    closings: list[ClosingView]  # newest first


@bp.post("/payouts")
@staff_role(*duties.CASH_OUT)
@describe(
    "Pay money of a shopper's wallet out in cash",
    body=NewPayOut,
    answers={201: ToppedUpAnswer},
    problems=("store_unknown", "shopper_not_found", "amount_out_of_range", "wallet_short"),
    idempotent=True,
)
def post_payout() -> Response:
    member, asked = current_staff(), read_json(NewPayOut)
    return stored(pay_cash(services(), member, asked, idempotency("payout", owner=f"staff:{member.id}")))


@bp.post("/vouchers")
@staff_role(*duties.CASH_OUT)
@describe(
    "Take cash for a voucher; the code is shown in this answer alone",
    body=NewVoucher,
    answers={201: VoucherAnswer},
    problems=("store_unknown", "amount_out_of_range"),
    idempotent=True,
)
def post_voucher() -> Response:
    at, member, asked = services(), current_staff(), read_json(NewVoucher)
    made = issue(at, member, asked, idempotency("voucher", owner=f"staff:{member.id}"))
    return answer(201, {**made, "code": shown(code_of(at, made["id"]))})


@bp.get("/till")
@staff_role(*duties.CLOSE)
@describe(
    "What should be in a store's till, and the days that were closed",
    query={"store": "Store code."},
    answers={200: TillView},
    problems=("store_unknown",),
)
def get_till() -> Response:
    at, member, code = services(), current_staff(), request.args.get("store", "")

    def read(tx: Transaction) -> dict[str, Any]:
        store = duties.store_of(tx, member, code)
        return {
            "currency": store.currency,
            "today": today(store, at.clock.now()).isoformat(),
            **asdict(closings.till(tx, store.id, store.currency)),
            "closings": [closing_json(closing) for closing in closings.closings_of(tx, store.id)],
        }

    return answer(200, at.run.read(read))


@bp.post("/closings")
@staff_role(*duties.CLOSE)
@describe(
    "Close a day: the counted cash goes into the safe, a difference is booked",
    body=NewClosing,
    answers={201: ClosingView},
    problems=("store_unknown", "day_malformed", "closing_done", "closing_early"),
    idempotent=True,
)
def post_closing() -> Response:
    member, asked = current_staff(), read_json(NewClosing)
    return stored(close(services(), member, asked, idempotency("closing", owner=f"staff:{member.id}")))


def pay_cash(at: Services, member: StaffMember, asked: NewPayOut, once: Once) -> Answer:
    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        store = duties.store_of(tx, member, asked.store)
        shopper = shopper_named(tx, asked.shopper)
        reference = at.ids.uuid7()
        act = PayOut(reference, store.id, shopper.id, asked.amount_minor, store.currency, member.id)
        done = pay_out(tx, act, ids=at.ids, now=now)
        return {"reference": reference, "currency": store.currency, **asdict(done)}

    return once_only(at, once, work)


def issue(at: Services, member: StaffMember, asked: NewVoucher, once: Once) -> dict[str, Any]:
    """Without the code, which is money: no record holds it, it is made anew from the voucher's id."""

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        store, voucher_id = duties.store_of(tx, member, asked.store), at.ids.uuid7()
        code = code_of(at, voucher_id)
        command = Issue(voucher_id, code, store.id, asked.value_minor, asked.uses, store.currency, member.id)
        return voucher_json(vouchers.issue(tx, command, ids=at.ids, now=now))

    made: dict[str, Any] = json.loads(once_only(at, once, work).body)
    return made


def close(at: Services, member: StaffMember, asked: NewClosing, once: Once) -> Answer:
    day = day_from_text(asked.day)

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        store = duties.store_of(tx, member, asked.store)
        here = today(store, now)
        command = CloseDay(store.id, store.currency, day or here, here, asked.counted_minor, member.id)
        return closing_json(closings.close_day(tx, command, ids=at.ids, now=now))

    return once_only(at, once, work)


def code_of(at: Services, voucher_id: str) -> str:
    return code_from(at.tokens.digest("voucher", voucher_id))


def today(store: Store, now: datetime) -> date:
    return now.astimezone(ZoneInfo(store.timezone)).date()


def voucher_json(voucher: Voucher) -> dict[str, Any]:
    return {
        "id": voucher.id,
        "value_minor": voucher.value_minor,
        "uses_max": voucher.uses_max,
        "currency": voucher.currency,
        "expires_at": voucher.expires_at.isoformat(),
    }


def closing_json(closing: Closing) -> dict[str, Any]:
    return {
        "id": closing.id,
        "day": closing.day.isoformat(),
        "expected_minor": closing.expected_minor,
        "counted_minor": closing.counted_minor,
        "difference_minor": closing.difference_minor,
        "at": closing.at.isoformat(),
    }
