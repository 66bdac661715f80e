"""The payment: one transaction, twelve statements, in the declared lock order.

checkout (with its grant) → wallet → reservations and stock → store counters → inserts → the stored answer.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import update

from backend.authorization import decisions
from backend.authorization.evidence import Evidence, Factor
from backend.authorization.policy import Granted, Policy, decide
from backend.checkout.open import Checkout
from backend.checkout.tables import checkouts
from backend.clock import Ids
from backend.db import events, idempotency, outbox
from backend.db.idempotency import Answer, Once
from backend.db.moments import reached
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations
from backend.ledger.accounts import balance, move_wallet
from backend.ledger.postings import Entry, Posting, post
from backend.orders.place import NewOrder, PlacedLine, place


def settle(
    tx: Transaction, checkout: Checkout, policy: Policy, once: Once, *, ids: Ids, now: datetime
) -> Answer:
    """Raises Refusal payment_not_authorised, payment_refused, wallet_short, reservation_expired: all undone."""
    use_grant(tx, checkout, policy, now=now)
    reached("grant_used")
    if not move_wallet(tx, checkout.shopper_id, checkout.currency, -checkout.total_minor):
        have = balance(tx, checkout.shopper_id, checkout.currency)
        raise Refusal("wallet_short", balance_minor=have, needed_minor=checkout.total_minor)
    reached("money_moved")
    sold = reservations.sell(tx, checkout.cart_id, checkout.store_id, reference=checkout.id, ids=ids, now=now)
    if sold != {line["sku"]: line["quantity"] for line in checkout.lines}:
        raise Refusal("reservation_expired")
    reached("stock_sold")
    numbers = events.next_numbers(tx, checkout.store_id, receipts=1)
    order = NewOrder(
        id=ids.uuid7(),
        store_id=checkout.store_id,
        receipt_number=numbers.receipt,
        shopper_id=checkout.shopper_id,
        checkout_id=checkout.id,
        posting_id=post_payment(tx, checkout, ids=ids, now=now),
        total_minor=checkout.total_minor,
        currency=checkout.currency,
        lines=[PlacedLine(**{name: line[name] for name in PlacedLine.__slots__}) for line in checkout.lines],
    )
    place(tx, order, ids=ids, now=now)
    outbox.add(tx, [settled(order, checkout, numbers.event_id, ids=ids)], now=now)
    answer = Answer(201, json.dumps(body(order, checkout.store_code, now), ensure_ascii=False))
    idempotency.finish(tx, once, answer)
    reached("before_commit")
    return answer


def use_grant(tx: Transaction, checkout: Checkout, policy: Policy, *, now: datetime) -> None:
    """The last word on authorisation, under the checkout's lock: policy, single use, time, cart hash."""
    pin = Evidence(Factor.PIN, checkout.shopper_id, checkout.id, now)
    evidence = (*checkout.evidence, pin)
    decision = decide(policy, checkout.context, evidence)
    if not isinstance(decision, Granted):
        raise Refusal("payment_refused")
    used = tx.execute(
        update(checkouts)
        .where(
            checkouts.c.id == checkout.id,
            checkouts.c.state == "open",
            checkouts.c.grant_jti == checkout.grant_jti,
            checkouts.c.grant_state == "issued",
            checkouts.c.grant_expires_at > now,
            checkouts.c.expires_at > now,
            checkouts.c.cart_hash == checkout.cart_hash,
        )
        .values(
            state="paid",
            grant_state="used",
            evidence=[e.to_json() for e in evidence],
            decision=decisions.explain(policy, checkout.context, evidence, decision),
        )
    ).rowcount
    if used != 1:
        raise Refusal("payment_not_authorised")


def post_payment(tx: Transaction, checkout: Checkout, *, ids: Ids, now: datetime) -> str:
    vat = sum(line["vat_minor"] for line in checkout.lines)
    return post(
        tx,
        Posting(
            kind="payment",
            reference=checkout.id,
            store_id=checkout.store_id,
            actor=f"shopper:{checkout.shopper_id}",
            currency=checkout.currency,
            entries=(
                Entry("wallet", checkout.shopper_id, -checkout.total_minor),
                Entry("sales", checkout.store_id, checkout.total_minor - vat),
                Entry("vat", checkout.store_id, vat),
            ),
        ),
        ids=ids,
        now=now,
    )


def settled(order: NewOrder, checkout: Checkout, event_id: int, *, ids: Ids) -> Happening:
    """Tells the shopper's devices and the packaging queue; the worker also audits and clears the PIN slot."""
    facts = {
        "order_id": order.id,
        "receipt_number": order.receipt_number,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "device_id": checkout.device_id,
        "checkout_id": checkout.id,
    }
    return Happening(
        ids.uuid7(),
        Kind.PAYMENT_SETTLED,
        order.id,
        facts,
        shopper_id=order.shopper_id,
        store_id=order.store_id,
        event_id=event_id,
    )


def body(order: NewOrder, store_code: str, now: datetime) -> dict[str, object]:
    return {
        "order": {
            "id": order.id,
            "receipt_number": order.receipt_number,
            "state": "paid",
            "total_minor": order.total_minor,
            "currency": order.currency,
            "store": store_code,
            "placed_at": now.isoformat(),
        },
        "message": "payment_success",
        "next": "pickup_prompt",
    }
