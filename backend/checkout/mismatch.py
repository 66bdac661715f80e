"""Order and person do not match at pick-up: no hand-over, and the money back if staff say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from backend.checkout.tables import refunds
from backend.clock import Ids
from backend.db import audit
from backend.db.outbox import Kind
from backend.db.transaction import Transaction
from backend.identity.staff import StaffMember
from backend.inventory import reservations
from backend.ledger.accounts import move_wallet
from backend.ledger.postings import Entry, Posting, post
from backend.orders.order import Order, OrderState, find, step_to
from backend.orders.packing import of_store, tell


@dataclass(frozen=True, slots=True)
class Mismatch:
    order_id: str
    reason: str
    refund: bool


def record_mismatch(
    tx: Transaction, command: Mismatch, *, staff: StaffMember, ids: Ids, now: datetime
) -> Order:
    """With a refund the goods go back on the shelf and the whole amount into the wallet, in this transaction."""
    order = of_store(tx, command.order_id, staff)
    step_to(tx, order, OrderState.MISMATCH, staff_id=staff.id, now=now, note=command.reason)
    if command.refund:
        refund_whole(tx, order, reason="mismatch", staff=staff, ids=ids, now=now)
    tell(tx, order, Kind.ORDER_MISMATCH, ids=ids, now=now, refunded=command.refund)
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=f"staff:{staff.id}",
        action="order.mismatch",
        subject=order.id,
        details={"refund": command.refund},
    )
    return find(tx, order.id)


def refund_whole(
    tx: Transaction, order: Order, *, reason: str, staff: StaffMember, ids: Ids, now: datetime
) -> None:
    refund_id = ids.uuid7()
    moved = move_wallet(tx, order.shopper_id, order.currency, order.total_minor)
    assert moved, "a wallet takes any positive amount"
    reservations.restock(
        tx,
        order.store_id,
        {line.sku: line.quantity for line in order.lines},
        reference=refund_id,
        ids=ids,
        now=now,
    )
    vat = sum(line.vat_minor for line in order.lines)
    posting_id = post(
        tx,
        Posting(
            kind="refund",
            reference=refund_id,
            store_id=order.store_id,
            actor=f"staff:{staff.id}",
            currency=order.currency,
            entries=(
                Entry("wallet", order.shopper_id, order.total_minor),
                Entry("sales", order.store_id, vat - order.total_minor),
                Entry("vat", order.store_id, -vat),
            ),
        ),
        ids=ids,
        now=now,
    )
    tx.execute(
        insert(refunds).values(
            id=refund_id,
            order_id=order.id,
            posting_id=posting_id,
            amount_minor=order.total_minor,
            currency=order.currency,
            reason=reason,
            at=now,
        )
    )
