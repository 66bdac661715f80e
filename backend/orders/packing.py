"""The packaging department: accept an order, tick its lines, say that it is ready."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import update

from backend.clock import Ids
from backend.db import events, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.orders.order import Order, OrderState, find, hold, some, step_to
from backend.orders.tables import order_lines, orders

QUEUE_STATES = (OrderState.PAID, OrderState.ACCEPTED, OrderState.PACKING, OrderState.READY)
QUEUE_MAX = 200
PICKUP_DIGITS = 6


def queue(tx: Transaction, store_id: str, states: tuple[OrderState, ...] = QUEUE_STATES) -> list[Order]:
    """Oldest first, so that nobody waits twice."""
    return some(
        tx, orders.c.store_id == store_id, orders.c.state.in_(states), newest_first=False, limit=QUEUE_MAX
    )


def of_store(tx: Transaction, order_id: str, staff: StaffMember) -> Order:
    """Another store's order does not exist for this member of staff. Raises Refusal order_not_found."""
    order = find(tx, order_id)
    if order.store_id not in staff.store_ids:
        raise Refusal("order_not_found")
    return order


def held_of_store(tx: Transaction, order_id: str, staff: StaffMember) -> Order:
    """As `of_store`, and nobody else changes it before this transaction ends."""
    order = hold(tx, order_id)
    if order.store_id not in staff.store_ids:
        raise Refusal("order_not_found")
    return order


def accept(tx: Transaction, order_id: str, *, staff: StaffMember, ids: Ids, now: datetime) -> Order:
    order = of_store(tx, order_id, staff)
    step_to(tx, order, OrderState.ACCEPTED, staff_id=staff.id, now=now, packer_id=staff.id)
    tell(tx, order, Kind.ORDER_ACCEPTED, ids=ids, now=now)
    return find(tx, order_id)


def tick(
    tx: Transaction, order_id: str, line_id: str, packed: int, *, staff: StaffMember, now: datetime
) -> Order:
    """`packed` pieces of the line are in the bag. The first tick moves the order from accepted to packing.

    Raises Refusal line_not_found (also when more than were bought are ticked), order_state.
    """
    order = of_store(tx, order_id, staff)
    if order.state is OrderState.ACCEPTED:
        step_to(tx, order, OrderState.PACKING, staff_id=staff.id, now=now)
    elif order.state is not OrderState.PACKING:
        raise Refusal("order_state", state=str(order.state), wanted=str(OrderState.PACKING))
    ticked = (
        packed >= 0
        and tx.execute(
            update(order_lines)
            .where(
                order_lines.c.id == line_id,
                order_lines.c.order_id == order_id,
                order_lines.c.quantity >= packed,
            )
            .values(packed=packed)
        ).rowcount
    )
    if not ticked:
        raise Refusal("line_not_found")
    return find(tx, order_id)


def ready(
    tx: Transaction,
    order_id: str,
    *,
    code: str,
    sealed: Mapping[str, str],
    staff: StaffMember,
    ids: Ids,
    now: datetime,
) -> Order:
    """Everything is packed; the pick-up code goes, sealed, to the shopper's devices and stays here only as a hash.

    sealed: {device id: compact JWE of the code}.  Raises Refusal lines_unpacked, order_state.
    """
    order = of_store(tx, order_id, staff)
    if any(line.packed < line.quantity for line in order.lines):
        raise Refusal("lines_unpacked")
    step_to(
        tx, order, OrderState.READY, staff_id=staff.id, now=now, pickup_code_hash=code_hash(order_id, code)
    )
    tell(tx, order, Kind.ORDER_READY, ids=ids, now=now, sealed=dict(sealed))
    return find(tx, order_id)


def code_hash(order_id: str, code: str) -> str:
    """Bound to the order; five tries make a slow hash needless."""
    return hashlib.sha256(f"{order_id}:{code}".encode()).hexdigest()


def tell(tx: Transaction, order: Order, kind: Kind, *, ids: Ids, now: datetime, **payload: object) -> None:
    """The shopper's devices and the store's live pages hear of it."""
    numbers = events.next_numbers(tx, order.store_id)
    facts = {"order_id": order.id, "receipt_number": order.receipt_number, **payload}
    happening = Happening(
        ids.uuid7(),
        kind,
        order.id,
        facts,
        shopper_id=order.shopper_id,
        store_id=order.store_id,
        event_id=numbers.event_id,
    )
    outbox.add(tx, [happening], now=now)
