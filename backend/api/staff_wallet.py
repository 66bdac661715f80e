"""Cash at the counter becomes money in a shopper's wallet."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from pydantic import Field

from backend.api import duties
from backend.api.acts import once_only
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import Body, idempotency, read_json, stored
from backend.db.idempotency import Answer, Once
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import shoppers
from backend.identity.shoppers import Shopper
from backend.identity.staff import StaffMember
from backend.ledger.topups import TopUp, top_up
from backend.wiring import Services

bp = Blueprint("staff_wallet", __name__, url_prefix="/v1")


class NewTopUp(Body):
    store: str = Field(min_length=1, max_length=4, description="Store code", examples=["R1"])
    shopper: str = Field(min_length=1, max_length=64, description="Login or id", examples=["noura"])
    amount_minor: int = Field(gt=0, examples=[50_00])


class ToppedUpAnswer(Body):
    posting_id: str
    reference: str  # stands on the receipt and in the shopper's own list
    balance_minor: int
    currency: str


@bp.post("/staff/topups")
@staff_role(*duties.TOP_UP)
@describe(
    "Put cash into a shopper's wallet",
    body=NewTopUp,
    answers={201: ToppedUpAnswer},
    problems=("store_unknown", "shopper_not_found", "amount_out_of_range"),
    idempotent=True,
)
def post_topup() -> Response:
    member, asked = current_staff(), read_json(NewTopUp)
    once = idempotency("topup", owner=f"staff:{member.id}")
    return stored(take_cash(services(), member, asked, once))


def take_cash(at: Services, member: StaffMember, asked: NewTopUp, once: Once) -> Answer:
    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        store = duties.store_of(tx, member, asked.store)
        shopper = shopper_named(tx, asked.shopper)
        reference = at.ids.uuid7()
        done = top_up(
            tx,
            TopUp(reference, store.id, shopper.id, asked.amount_minor, store.currency, member.id),
            ids=at.ids,
            now=now,
        )
        return {
            "posting_id": done.posting_id,
            "reference": reference,
            "balance_minor": done.balance_minor,
            "currency": store.currency,
        }

    return once_only(at, once, work)


def shopper_named(tx: Transaction, name: str) -> Shopper:
    """By login, or by id for a guest. Raises Refusal shopper_not_found."""
    found = shoppers.find_by_login(tx, name)
    if found is None and (shopper_id := uuid_from_text(name)) is not None:
        try:
            found = shoppers.profile(tx, shopper_id)
        except Refusal:
            found = None
    if found is None:
        raise Refusal("shopper_not_found")
    return found


def uuid_from_text(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
