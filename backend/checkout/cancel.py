"""Orders that end without a hand-over: cancelled before packing, never collected, or with nothing left to hand over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.checkout.refunds import Refund, refund
from backend.clock import Ids
from backend.db.outbox import Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.inventory.tables import stores
from backend.orders.order import OPEN, Order, OrderState, find, hold, step_to
from backend.orders.packing import tell
from backend.orders.tables import orders

UNPACKED = (OrderState.PAID, OrderState.ACCEPTED)


def cancel(tx: Transaction, order_id: str, shopper_id: str, *, ids: Ids, now: datetime) -> Order:
    """By the shopper, until the first piece is packed. Raises Refusal order_not_found, order_state."""
    order = hold(tx, order_id)
    if order.shopper_id != shopper_id:
        raise Refusal("order_not_found")
    if order.state not in UNPACKED:
        raise Refusal("order_state", state=str(order.state), wanted=str(OrderState.CANCELLED))
    _end(tx, order, "cancelled", actor=f"shopper:{shopper_id}", ids=ids, now=now)
    return find(tx, order_id)


def uncollected(tx: Transaction, *, before: datetime, limit: int) -> list[str]:
    """Orders that have been ready since before then, the oldest first."""
    every_store = orders.c.store_id.in_(select(stores.c.id))  # the index begins with the store
    due = (
        select(orders.c.id)
        .where(
            every_store,
            orders.c.state == OrderState.READY,
            orders.c.placed_at <= before,
            orders.c.changed_at <= before,
        )
        .order_by(orders.c.changed_at)
        .limit(limit)
    )
    return list(tx.execute(due).scalars())


def put_away(tx: Transaction, order_id: str, *, before: datetime, ids: Ids, now: datetime) -> bool:
    """Nobody came for it: the goods go back on the shelf, the money to whom it was. False if somebody just did."""
    order = hold(tx, order_id)
    if order.state is not OrderState.READY or order.changed_at > before:
        return False
    _end(tx, order, "uncollected", actor="system", ids=ids, now=now)
    return True


def end_if_nothing_left(
    tx: Transaction, order_id: str, *, reason: str, staff: StaffMember, ids: Ids, now: datetime
) -> Order:
    """An order whose every piece was refunded before it was handed over is cancelled. Its row is held."""
    order = find(tx, order_id)
    if order.state not in OPEN or any(line.left for line in order.lines):
        return order
    step_to(tx, order, OrderState.CANCELLED, staff_id=staff.id, now=now, note=reason)
    tell(tx, order, Kind.ORDER_CANCELLED, ids=ids, now=now)
    return find(tx, order_id)


def _end(tx: Transaction, order: Order, reason: str, *, actor: str, ids: Ids, now: datetime) -> None:
    step_to(tx, order, OrderState.CANCELLED, staff_id=None, now=now, note=reason)
    refund(tx, order, Refund(reason, goods="restock"), actor=actor, ids=ids, now=now)
    tell(tx, order, Kind.ORDER_CANCELLED, ids=ids, now=now)
