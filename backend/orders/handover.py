"""Goods change hands when the code that is shown is the order's code; whoever has it may collect for the buyer."""

from __future__ import annotations

import hmac
from datetime import datetime

from sqlalchemy import select, update

from backend.clock import Ids
from backend.db.outbox import Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.orders.order import Order, OrderState, find, step_to, write_down
from backend.orders.packing import code_hash, held_of_store, of_store, tell
from backend.orders.tables import orders

PICKUP_TRIES_MAX = 5


def take_try(tx: Transaction, order_id: str, *, age_checked: bool = False, staff: StaffMember) -> int:
    """Count a try before it is compared; commit it on its own. Returns the tries left after this one.

    Raises Refusal order_not_found, order_state, age_check_needed, pickup_locked (another code has new tries).
    """
    order = of_store(tx, order_id, staff)
    if order.state is not OrderState.READY:
        raise Refusal("order_state", state=str(order.state), wanted=str(OrderState.HANDED_OVER))
    if order.age_min is not None and not age_checked:
        raise Refusal("age_check_needed", age_min=order.age_min)
    tries = tx.execute(
        update(orders)
        .where(orders.c.id == order_id, orders.c.pickup_tries < PICKUP_TRIES_MAX)
        .values(pickup_tries=orders.c.pickup_tries + 1)
        .returning(orders.c.pickup_tries)
    ).scalar_one_or_none()
    if tries is None:
        raise Refusal("pickup_locked")
    return PICKUP_TRIES_MAX - int(tries)


def hand_over(
    tx: Transaction,
    order_id: str,
    code: str,
    *,
    tries_left: int,
    staff: StaffMember,
    ids: Ids,
    now: datetime,
) -> Order:
    """Raises Refusal pickup_code_wrong with tries_left; the goods stay where they are."""
    order = held_of_store(tx, order_id, staff)
    stored = tx.execute(select(orders.c.pickup_code_hash).where(orders.c.id == order_id)).scalar_one()
    if not hmac.compare_digest(stored or "", code_hash(order_id, code)):
        raise Refusal("pickup_code_wrong", tries_left=tries_left)
    if order.age_min is not None:  # `take_try` had it confirmed
        write_down(tx, order_id, order.state, "age_checked", staff_id=staff.id, now=now)
    step_to(tx, order, OrderState.HANDED_OVER, staff_id=staff.id, now=now)
    tell(tx, order, Kind.ORDER_HANDED_OVER, ids=ids, now=now)
    return find(tx, order_id)
