"""Order and person do not match at pick-up: no hand-over, and the money back if staff say so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.checkout.refunds import Goods, Refund, refund
from backend.clock import Ids
from backend.db import audit
from backend.db.outbox import Kind
from backend.db.transaction import Transaction
from backend.identity.staff import StaffMember
from backend.orders.order import Order, OrderState, find, step_to
from backend.orders.packing import held_of_store, tell


@dataclass(frozen=True, slots=True)
class Mismatch:
    order_id: str
    reason: str
    refund: bool
    goods: Goods = "restock"  # what becomes of them with a refund; without one they wait


def record_mismatch(
    tx: Transaction, command: Mismatch, *, staff: StaffMember, ids: Ids, now: datetime
) -> Order:
    """With a refund all that is left of the order's money goes back, in this transaction."""
    order = held_of_store(tx, command.order_id, staff)
    step_to(tx, order, OrderState.MISMATCH, staff_id=staff.id, now=now, note=command.reason)
    if command.refund:
        asked = Refund(reason="mismatch", goods=command.goods)
        refund(tx, order, asked, actor=f"staff:{staff.id}", ids=ids, now=now)
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
