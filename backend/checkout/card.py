"""Paying by card: begun like any payment, decided by the gateway.

The gateway is called outside any transaction, with the checkout's own key, so that whatever is repeated or lost, a
checkout has one intent. What it says goes through `card_outcome.apply`, whoever heard it: the shopper's application
that asks, an event, or the sweep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import insert, select, update

from backend.authorization.policy import Policy
from backend.carts.freeze import hold
from backend.checkout import card_outcome
from backend.checkout.card_outcome import UNDECIDED
from backend.checkout.open import Checkout
from backend.checkout.ports import Intent, PaymentGateway
from backend.checkout.refunds import note
from backend.checkout.settle import claim_grant
from backend.checkout.tables import card_payments, checkouts, refunds
from backend.clock import Clock, Ids
from backend.db import idempotency
from backend.db.idempotency import Answer, Once
from backend.db.moments import reached
from backend.db.schema import stands
from backend.db.transaction import Runner, Transaction
from backend.errors import Refusal
from backend.identity import pins
from backend.orders.tables import orders

GRACE = timedelta(minutes=5)  # goods outlast the time to confirm, for what the gateway says late
ASKED_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Cards:
    """What a payment by card needs to know of this shop."""

    gateway: str
    wait: timedelta  # how long the shopper may take to confirm


@dataclass(frozen=True, slots=True)
class CardPayment:
    checkout_id: str
    gateway: str
    gateway_ref: str | None
    amount_minor: int
    currency: str
    state: str
    until: datetime  # to be confirmed


@dataclass(frozen=True, slots=True)
class Looked:
    payment: CardPayment
    client_secret: str | None = field(default=None, repr=False)  # None: there is nothing left to confirm


def begin(
    tx: Transaction, checkout: Checkout, policy: Policy, once: Once, cards: Cards, *, now: datetime
) -> Answer:
    """The grant is used and the goods are held; no gateway was asked yet.

    Raises Refusal payment_not_authorised, payment_refused, reservation_expired.
    """
    claim_grant(tx, checkout, policy, state="paying", now=now)
    until = now + cards.wait
    tx.execute(update(checkouts).where(checkouts.c.id == checkout.id).values(method="card", expires_at=until))
    if not hold(tx, checkout.cart_id, until=until + GRACE, lines=len(checkout.lines)):
        raise Refusal("reservation_expired")
    tx.execute(
        insert(card_payments).values(
            checkout_id=checkout.id,
            gateway=cards.gateway,
            amount_minor=checkout.total_minor,
            currency=checkout.currency,
            state="pending",
            created_at=now,
            asked_at=now,
        )
    )
    pins.was_right(tx, checkout.shopper_id, checkout.device_id)
    body = {"state": "paying", "payment": {"gateway": cards.gateway, "expires_at": until.isoformat()}}
    answer = Answer(202, json.dumps(body))
    idempotency.finish(tx, once, answer)
    return answer


def look(
    checkout_id: str, shopper_id: str, *, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock
) -> Looked:
    """How it stands by the gateway's own word, and what confirms it. The first look makes the intent.

    Raises Refusal checkout_not_found, gateway_unavailable, card_unavailable.
    """
    payment = run.read(lambda tx: find(tx, checkout_id, shopper_id))
    if payment.state not in UNDECIDED:
        return Looked(payment)
    intent = ask(payment, run=run, gateway=gateway, ids=ids, clock=clock)
    payment = run.read(lambda tx: find(tx, checkout_id, shopper_id))
    return Looked(payment, intent.client_secret if intent and payment.state in UNDECIDED else None)


def cancel(
    checkout_id: str, shopper_id: str, *, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock
) -> None:
    """Raises Refusal checkout_not_found, gateway_unavailable; checkout_not_open if it is paid by now."""
    payment = run.read(lambda tx: find(tx, checkout_id, shopper_id))
    if payment.state in UNDECIDED:
        withdraw(payment, run=run, gateway=gateway, ids=ids, clock=clock)
        payment = run.read(lambda tx: find(tx, checkout_id, shopper_id))
    if payment.state != "cancelled":
        raise Refusal("checkout_not_open", state=payment.state)


def ask(
    payment: CardPayment, *, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock
) -> Intent | None:
    """Ask the gateway and write down what it says; None where the payment was withdrawn, for its time is over."""
    if payment.until <= clock.now():
        withdraw(payment, run=run, gateway=gateway, ids=ids, clock=clock)
        return None
    if payment.gateway_ref is not None:
        intent = gateway.find(payment.gateway_ref)
    else:
        try:
            intent = gateway.create(payment.checkout_id, payment.amount_minor, payment.currency)
        except Refusal as refusal:
            if refusal.code == "card_unavailable":
                withdraw(payment, run=run, gateway=gateway, ids=ids, clock=clock)
            raise
    reached("gateway_called")
    run(lambda tx: card_outcome.apply(tx, intent, ids=ids, now=clock.now()))
    return intent


def withdraw(payment: CardPayment, *, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock) -> None:
    """Nobody can confirm what has no reference yet; anything else is the gateway's to end, unless it is paid."""
    if payment.gateway_ref is None:
        run(lambda tx: card_outcome.give_up(tx, payment.checkout_id, now=clock.now()))
        return
    intent = gateway.cancel(payment.gateway_ref)
    reached("gateway_called")
    run(lambda tx: card_outcome.apply(tx, intent, ids=ids, now=clock.now()))


def sweep(*, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock) -> int:
    """Ask about what nobody told us for a minute, and send back what has to go back; how many there were."""
    due = run(lambda tx: claim_due(tx, now=clock.now()))
    for payment in due:
        try:
            follow_up(payment, run=run, gateway=gateway, ids=ids, clock=clock)
        except Refusal as refusal:
            if refusal.code != "card_unavailable":  # one that the gateway does not know holds up no other
                raise
    return len(due)


def follow_up(payment: CardPayment, *, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock) -> None:
    if payment.state == "returning":
        send_back(payment, run=run, gateway=gateway, ids=ids, clock=clock)
    elif payment.gateway_ref is not None or payment.until <= clock.now():
        ask(payment, run=run, gateway=gateway, ids=ids, clock=clock)


def send_back(payment: CardPayment, *, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock) -> None:
    assert payment.gateway_ref is not None, "what was captured has a reference"
    if gateway.refund(payment.checkout_id, payment.gateway_ref, payment.amount_minor):
        reached("gateway_called")
        run(lambda tx: card_outcome.went_back(tx, payment.checkout_id, ids=ids, now=clock.now()))


def send_refunds(*, run: Runner, gateway: PaymentGateway, ids: Ids, clock: Clock, limit: int = 20) -> int:
    """Refunds of orders that were paid by card, to the card; how many."""
    pending = (
        select(refunds.c.id, refunds.c.amount_minor, card_payments.c.gateway_ref)
        .join(orders, orders.c.id == refunds.c.order_id)
        .join(card_payments, card_payments.c.checkout_id == orders.c.checkout_id)
        .where(refunds.c.method == "card", stands(refunds.c.state, "pending"))
        .order_by(refunds.c.id)
        .limit(limit)
    )
    due = run.read(lambda tx: tx.execute(pending).all())
    for refund in due:
        given = gateway.refund(refund.id, refund.gateway_ref, refund.amount_minor)
        reached("gateway_called")
        run(partial(note, refund_id=refund.id, given=given, ids=ids, now=clock.now()))
    return len(due)


def claim_due(tx: Transaction, *, now: datetime, limit: int = 20) -> list[CardPayment]:
    waiting = (
        select(card_payments.c.checkout_id)
        .where(
            stands(card_payments.c.state, *UNDECIDED, "returning"),
            card_payments.c.asked_at <= now - ASKED_EVERY,
        )
        .order_by(card_payments.c.asked_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = tx.execute(
        update(card_payments)
        .where(card_payments.c.checkout_id.in_(waiting.scalar_subquery()))
        .values(asked_at=now)
        .returning(card_payments.c.checkout_id)
    ).scalars()
    rows = tx.execute(PAYMENTS.where(card_payments.c.checkout_id.in_(claimed.all()))).mappings()
    return [from_row(row) for row in rows]


PAYMENTS = select(card_payments, checkouts.c.expires_at.label("until")).join(
    checkouts, checkouts.c.id == card_payments.c.checkout_id
)


def find(tx: Transaction, checkout_id: str, shopper_id: str) -> CardPayment:
    """Raises Refusal checkout_not_found, also where a checkout is not paid by card."""
    row = (
        tx.execute(PAYMENTS.where(checkouts.c.id == checkout_id, checkouts.c.shopper_id == shopper_id))
        .mappings()
        .first()
    )
    if row is None:
        raise Refusal("checkout_not_found")
    return from_row(row)


def from_row(row: Mapping[Any, Any]) -> CardPayment:
    return CardPayment(**{name: row[name] for name in CardPayment.__slots__})
