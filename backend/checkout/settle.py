"""The payment: one transaction in the declared lock order, of as many statements for fifty lines as for one.

checkout (with its grant) → wallet → reservations and stock → store counters → inserts → the stored answer.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import bindparam, update

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
from backend.db.rows import insert_rows
from backend.db.schema import stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations
from backend.ledger.accounts import balance, move_wallet
from backend.ledger.postings import Entry, Posting, drawn_up
from backend.orders.place import NewOrder, PlacedLine

Source = Literal["wallet", "card"]  # whose account the money of a sale comes from


USE_GRANT = (
    update(checkouts)
    .where(
        checkouts.c.id == bindparam("checkout"),
        stands(checkouts.c.state, "open"),
        checkouts.c.grant_jti == bindparam("jti"),
        checkouts.c.grant_state == "issued",
        checkouts.c.grant_expires_at > bindparam("now"),
        checkouts.c.expires_at > bindparam("now"),
        checkouts.c.cart_hash == bindparam("hash"),
    )
    .values(
        state=bindparam("becomes"),
        grant_state="used",
        evidence=bindparam("proofs"),
        decision=bindparam("why"),
    )
)


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a checkout that was paid."""

    order_id: str
    receipt_number: int
    event_id: int
    posting_id: str
    placed_at: datetime


def settle(
    tx: Transaction, checkout: Checkout, policy: Policy, once: Once, *, ids: Ids, now: datetime
) -> Answer:
    """Raises Refusal payment_not_authorised, payment_refused, wallet_short, reservation_expired: all undone."""
    claim_grant(tx, checkout, policy, state="paid", now=now)
    reached("grant_used")
    if not move_wallet(tx, checkout.shopper_id, checkout.currency, -checkout.total_minor):
        have = balance(tx, checkout.shopper_id, checkout.currency)
        raise Refusal("wallet_short", balance_minor=have, needed_minor=checkout.total_minor)
    reached("money_moved")
    placed = place_paid(tx, checkout, source="wallet", ids=ids, now=now)
    answer = Answer(201, json.dumps(body(checkout, placed), ensure_ascii=False))
    idempotency.finish(tx, once, answer)
    reached("before_commit")
    return answer


def place_paid(tx: Transaction, checkout: Checkout, *, source: Source, ids: Ids, now: datetime) -> Placed:
    """The goods leave the shelf, the sale is posted against `source`, the order is there.

    The checkout's row is the caller's, as is the wallet's balance. Raises Refusal reservation_expired.
    """
    agreed: Counter[str] = Counter()
    for line in checkout.lines:
        agreed[line["sku"]] += line["quantity"]
    sold = reservations.sell(tx, checkout.cart_id, checkout.store_id, reference=checkout.id, now=now)
    if sold != agreed:
        raise Refusal("reservation_expired")
    reached("stock_sold")
    numbers = events.next_numbers(tx, checkout.store_id, receipts=1)
    posting_id, posted = drawn_up(sale(checkout, source), ids=ids, now=now)
    order = NewOrder(
        id=ids.uuid7(),
        store_id=checkout.store_id,
        receipt_number=numbers.receipt,
        shopper_id=checkout.shopper_id,
        checkout_id=checkout.id,
        posting_id=posting_id,
        total_minor=checkout.total_minor,
        currency=checkout.currency,
        method=source,
        age_min=max((line.get("age_min") or 0 for line in checkout.lines), default=0) or None,
        lines=[PlacedLine.of(line) for line in checkout.lines],
    )
    told = outbox.rows([settled(order, checkout, numbers.event_id, ids=ids)], now=now)
    insert_rows(tx, *posted, *order.rows(ids=ids, now=now), told)
    return Placed(order.id, order.receipt_number, numbers.event_id, posting_id, now)


def claim_grant(
    tx: Transaction,
    checkout: Checkout,
    policy: Policy,
    *,
    state: Literal["paid", "paying"],
    now: datetime,
) -> None:
    """The last word on authorisation, under the checkout's lock: policy, single use, time, cart hash."""
    pin = Evidence(Factor.PIN, checkout.shopper_id, checkout.id, now)
    evidence = (*checkout.evidence, pin)
    decision = decide(policy, checkout.context, evidence)
    if not isinstance(decision, Granted):
        raise Refusal("payment_refused")
    given = {
        "checkout": checkout.id,
        "jti": checkout.grant_jti,
        "hash": checkout.cart_hash,
        "now": now,
        "becomes": state,
        "proofs": [e.to_json() for e in evidence],
        "why": decisions.explain(policy, checkout.context, evidence, decision),
    }
    if tx.execute(USE_GRANT, given).rowcount != 1:
        raise Refusal("payment_not_authorised")


def sale(checkout: Checkout, source: Source) -> Posting:
    vat = sum(line["vat_minor"] for line in checkout.lines)
    payer = checkout.shopper_id if source == "wallet" else checkout.store_id
    return Posting(
        kind="payment",
        reference=checkout.id,
        store_id=checkout.store_id,
        actor=f"shopper:{checkout.shopper_id}",
        currency=checkout.currency,
        entries=(
            Entry(source, payer, -checkout.total_minor),
            Entry("sales", checkout.store_id, checkout.total_minor - vat),
            Entry("vat", checkout.store_id, vat),
        ),
    )


def settled(order: NewOrder, checkout: Checkout, event_id: int, *, ids: Ids) -> Happening:
    """Tells the shopper's devices and the packaging queue; the worker also audits and clears the PIN slot."""
    facts = {
        "order_id": order.id,
        "receipt_number": order.receipt_number,
        "total_minor": order.total_minor,
        "currency": order.currency,
        "method": order.method,
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


def body(checkout: Checkout, placed: Placed) -> dict[str, object]:
    return {
        "order": {
            "id": placed.order_id,
            "receipt_number": placed.receipt_number,
            "state": "paid",
            "total_minor": checkout.total_minor,
            "currency": checkout.currency,
            "store": checkout.store_code,
            "placed_at": placed.placed_at.isoformat(),
        },
        "message": "payment_success",
        "next": "pickup_prompt",
    }
