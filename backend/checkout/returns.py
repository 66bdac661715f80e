"""What staff give back: goods that were returned, and pieces that could not be found."""

from __future__ import annotations

from datetime import datetime

from backend.checkout.cancel import end_if_nothing_left
from backend.checkout.refunds import Refund, Refunded, refund
from backend.clock import Ids
from backend.db.outbox import Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.orders.order import Order
from backend.orders.packing import held_of_store, must_be_mine, tell


def give_back(
    tx: Transaction, order_id: str, asked: Refund, *, staff: StaffMember, ids: Ids, now: datetime
) -> Refunded:
    """In any state, before and after the pick-up. Raises Refusal order_not_found and what `refund` raises."""
    order = held_of_store(tx, order_id, staff)
    made = refund(tx, order, asked, actor=f"staff:{staff.id}", ids=ids, now=now)
    end_if_nothing_left(tx, order_id, reason="refunded", staff=staff, ids=ids, now=now)
    return made


def report_missing(
    tx: Transaction,
    order_id: str,
    line_id: str,
    pieces: int,
    *,
    staff: StaffMember,
    ids: Ids,
    now: datetime,
) -> Order:
    """The packer cannot find them: their money goes back and the order goes on without them.

    Raises Refusal order_not_found, order_state, order_claimed, line_not_found, refund_beyond (also for packed ones).
    """
    order = held_of_store(tx, order_id, staff)
    must_be_mine(order, staff)
    line = next((line for line in order.lines if line.id == line_id), None)
    if line is None:
        raise Refusal("line_not_found")
    if pieces > line.left - line.packed:
        raise Refusal("refund_beyond", line=line_id, left=line.left - line.packed)
    asked = Refund(reason="goods_missing", goods="none", lines={line_id: pieces})
    refund(tx, order, asked, actor=f"staff:{staff.id}", ids=ids, now=now)
    tell(tx, order, Kind.ORDER_CHANGED, ids=ids, now=now, act="missing")
    return end_if_nothing_left(tx, order_id, reason="goods_missing", staff=staff, ids=ids, now=now)
