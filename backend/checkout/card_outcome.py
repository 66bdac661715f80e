"""What the gateway says of a card payment becomes ours, in one transaction, whoever heard it and however often.

A payment's state only rises. The checkout's row is locked first: the order of locks is checkout, card payment, stock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, and_, or_, select, update

from backend.carts.freeze import thaw
from backend.checkout import coupons
from backend.checkout.open import Checkout, from_row
from backend.checkout.ports import Intent, IntentState
from backend.checkout.settle import place_paid
from backend.checkout.tables import card_payments, checkouts
from backend.clock import Ids
from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.db.schema import stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.ledger.postings import Entry, Posting, post

UNDECIDED = ("pending", "failed")
BEFORE: Mapping[IntentState, tuple[str, ...]] = {  # from which states a payment comes to one
    IntentState.PENDING: ("pending",),
    IntentState.FAILED: ("pending",),
    IntentState.CANCELLED: UNDECIDED,
    IntentState.CAPTURED: (*UNDECIDED, "cancelled"),
}
TIME_TO_GO_ON = timedelta(minutes=5)  # a cart comes back with at least this


class Applied(StrEnum):
    YES = "yes"  # also where it was known before
    UNKNOWN = "unknown"  # of no payment of ours
    DISPUTED = "disputed"  # of another amount than was agreed


def apply(tx: Transaction, intent: Intent, *, ids: Ids, now: datetime) -> Applied:
    payment = find(tx, intent)
    if payment is None:
        return Applied.UNKNOWN
    if (intent.amount_minor, intent.currency) != (payment["amount_minor"], payment["currency"]):
        return Applied.DISPUTED
    checkout = hold(tx, payment["checkout_id"])
    rose = tx.execute(
        update(card_payments)
        .where(
            card_payments.c.checkout_id == checkout.id,
            card_payments.c.state.in_(BEFORE[intent.state]),
            or_(card_payments.c.gateway_ref.is_(None), card_payments.c.gateway_ref == intent.ref),
        )
        .values(state=intent.state.value, gateway_ref=intent.ref)
    ).rowcount
    if rose == 1:
        match intent.state:
            case IntentState.FAILED:
                tell(tx, checkout, Kind.PAYMENT_FAILED, ids=ids, now=now)
            case IntentState.CANCELLED:
                end(tx, checkout, now=now)
            case IntentState.CAPTURED:
                keep_or_return(tx, checkout, ids=ids, now=now)
    return Applied.YES


def find(tx: Transaction, intent: Intent) -> RowMapping | None:
    """By its reference; before we have that, by the checkout that it was made for."""
    unnamed = and_(card_payments.c.gateway_ref.is_(None), card_payments.c.checkout_id == intent.checkout_id)
    known = card_payments.c.gateway_ref == intent.ref
    return (
        tx.execute(select(card_payments).where(or_(known, unnamed) if intent.checkout_id else known))
        .mappings()
        .first()
    )


def hold(tx: Transaction, checkout_id: str) -> Checkout:
    return from_row(
        tx.execute(select(checkouts).where(checkouts.c.id == checkout_id).with_for_update()).mappings().one()
    )


def give_up(tx: Transaction, checkout_id: str, *, now: datetime) -> None:
    """No intent of it can have been confirmed, for nobody was given one."""
    checkout = hold(tx, checkout_id)
    given_up = tx.execute(
        update(card_payments)
        .where(
            card_payments.c.checkout_id == checkout_id,
            card_payments.c.state.in_(UNDECIDED),
            card_payments.c.gateway_ref.is_(None),
        )
        .values(state="cancelled")
    ).rowcount
    if given_up == 1:
        end(tx, checkout, now=now)


def end(tx: Transaction, checkout: Checkout, *, now: datetime) -> None:
    """Not paid: the cart is the shopper's again, and a new checkout needs new proof."""
    state = "cancelled" if now < checkout.expires_at else "expired"
    ended = tx.execute(
        update(checkouts)
        .where(checkouts.c.id == checkout.id, stands(checkouts.c.state, "paying"))
        .values(state=state)
    ).rowcount
    if ended == 1:
        coupons.give_back(tx, checkout.id)
        thaw(tx, checkout.cart_id, until=max(checkout.cart_expires_at, now + TIME_TO_GO_ON), now=now)


def keep_or_return(tx: Transaction, checkout: Checkout, *, ids: Ids, now: datetime) -> None:
    """The order, if the goods are still held for it; else the money goes back and the shopper hears of it."""
    try:
        with tx.begin_nested():  # refused halfway, nothing of the order stands
            place_order(tx, checkout, ids=ids, now=now)
    except Refusal:
        end(tx, checkout, now=now)
        set_state(tx, checkout.id, "captured", "returning")
        post_capture(tx, checkout, checkout.id, checkout.total_minor, ids=ids, now=now)
        tell(tx, checkout, Kind.PAYMENT_RETURNED, ids=ids, now=now)


def place_order(tx: Transaction, checkout: Checkout, *, ids: Ids, now: datetime) -> None:
    paid = tx.execute(
        update(checkouts)
        .where(checkouts.c.id == checkout.id, stands(checkouts.c.state, "paying"))
        .values(state="paid")
    ).rowcount
    if paid != 1:
        raise Refusal("checkout_not_open")
    place_paid(tx, checkout, source="card", ids=ids, now=now)


def went_back(tx: Transaction, checkout_id: str, *, ids: Ids, now: datetime) -> None:
    checkout = hold(tx, checkout_id)
    if set_state(tx, checkout_id, "returning", "returned"):
        post_capture(tx, checkout, f"back:{checkout_id}", -checkout.total_minor, ids=ids, now=now)


def set_state(tx: Transaction, checkout_id: str, old: str, new: str) -> bool:
    this = and_(card_payments.c.checkout_id == checkout_id, card_payments.c.state == old)
    return tx.execute(update(card_payments).where(this).values(state=new)).rowcount == 1


def post_capture(
    tx: Transaction, checkout: Checkout, reference: str, amount_minor: int, *, ids: Ids, now: datetime
) -> None:
    """Money that the gateway owes the store, and the store the shopper."""
    post(
        tx,
        Posting(
            kind="capture",
            reference=reference,
            store_id=checkout.store_id,
            actor=f"shopper:{checkout.shopper_id}",
            currency=checkout.currency,
            entries=(
                Entry("card", checkout.store_id, -amount_minor),
                Entry("suspense", checkout.store_id, amount_minor),
            ),
        ),
        ids=ids,
        now=now,
    )


def tell(tx: Transaction, checkout: Checkout, kind: Kind, *, ids: Ids, now: datetime) -> None:
    facts: dict[str, Any] = {
        "checkout_id": checkout.id,
        "amount_minor": checkout.total_minor,
        "currency": checkout.currency,
    }
    happening = Happening(ids.uuid7(), kind, checkout.id, facts, shopper_id=checkout.shopper_id)
    outbox.add(tx, [happening], now=now)
