"""The packaging department: claim an order, tick its lines, say that it is ready.

A claim is a lease: each tick renews it, and a packer who vanished loses the order to whoever accepts it next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from backend.clock import Ids
from backend.db import events, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.orders.order import OPEN, Order, OrderState, find, hold, some, step_to, write_down
from backend.orders.tables import order_lines, orders

BEING_PACKED = (OrderState.ACCEPTED, OrderState.PACKING)
CLAIM = timedelta(minutes=10)
QUEUE_MAX = 200
PICKUP_DIGITS = 6


def queue(tx: Transaction, store_id: str, states: tuple[OrderState, ...] = OPEN) -> list[Order]:
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
    """Claim an order: a new one, or one whose packer's claim ran out.

    Raises Refusal order_state, or order_claimed with `until`.
    """
    order = held_of_store(tx, order_id, staff)
    claim: dict[str, Any] = {"packer_id": staff.id, "claim_until": now + CLAIM}
    if order.state not in BEING_PACKED:
        step_to(tx, order, OrderState.ACCEPTED, staff_id=staff.id, now=now, **claim)
        tell(tx, order, Kind.ORDER_ACCEPTED, ids=ids, now=now)
        return find(tx, order_id)
    if is_claimed(order, now) and order.packer_id != staff.id:
        assert order.claim_until is not None
        raise Refusal("order_claimed", until=order.claim_until.isoformat())
    tx.execute(update(orders).where(orders.c.id == order_id).values(claim))
    if order.packer_id != staff.id:
        write_down(tx, order_id, order.state, "taken_over", staff_id=staff.id, now=now)
        tell(tx, order, Kind.ORDER_CHANGED, ids=ids, now=now, act="taken_over")
    return find(tx, order_id)


def release(tx: Transaction, order_id: str, *, staff: StaffMember, ids: Ids, now: datetime) -> Order:
    """Give an order back to the queue: one's own, or as a manager anybody's. What is ticked stays in its bag.

    Raises Refusal order_state, order_claimed.
    """
    order = held_of_store(tx, order_id, staff)
    if not staff.may("manager", "administrator", store_id=order.store_id):
        must_be_mine(order, staff)
    unclaimed = {"packer_id": None, "claim_until": None}
    step_to(tx, order, OrderState.PAID, staff_id=staff.id, now=now, note="released", **unclaimed)
    tell(tx, order, Kind.ORDER_CHANGED, ids=ids, now=now, act="released")
    return find(tx, order_id)


def is_claimed(order: Order, now: datetime) -> bool:
    """A server of the version before claims without a time; such a claim can be taken over."""
    return order.claim_until is not None and order.claim_until > now


def must_be_mine(order: Order, staff: StaffMember) -> None:
    """Also when its time is over, as long as nobody took the order. Raises Refusal order_state, order_claimed."""
    if order.state not in BEING_PACKED:
        raise Refusal("order_state", state=str(order.state), wanted=str(OrderState.PACKING))
    if order.packer_id != staff.id:
        raise Refusal("order_claimed")


def tick(
    tx: Transaction, order_id: str, line_id: str, packed: int, *, staff: StaffMember, now: datetime
) -> Order:
    """`packed` pieces of the line are in the bag. The first tick moves the order from accepted to packing.

    Raises Refusal line_not_found (also when more than are left are ticked), order_state, order_claimed.
    """
    order = held_of_store(tx, order_id, staff)
    must_be_mine(order, staff)
    renewed: dict[str, Any] = {"claim_until": now + CLAIM}
    if order.state is OrderState.ACCEPTED:
        step_to(tx, order, OrderState.PACKING, staff_id=staff.id, now=now, **renewed)
    else:
        tx.execute(update(orders).where(orders.c.id == order_id).values(renewed))
    lines = order_lines.c
    ticked = (
        packed >= 0
        and tx.execute(
            update(order_lines)
            .where(lines.id == line_id, lines.order_id == order_id, lines.quantity - lines.refunded >= packed)
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

    sealed: {device id: compact JWE of the code}.  Raises Refusal lines_unpacked, order_state, order_claimed.
    """
    order = held_of_store(tx, order_id, staff)
    must_be_mine(order, staff)
    if not order.packed:
        raise Refusal("lines_unpacked")
    given: dict[str, Any] = {"pickup_code_hash": code_hash(order_id, code), "claim_until": None}
    step_to(tx, order, OrderState.READY, staff_id=staff.id, now=now, **given)
    tell(tx, order, Kind.ORDER_READY, ids=ids, now=now, sealed=dict(sealed))
    return find(tx, order_id)


def renew_code(
    tx: Transaction,
    order_id: str,
    *,
    code: str,
    sealed: Mapping[str, str],
    staff: StaffMember,
    ids: Ids,
    now: datetime,
) -> Order:
    """Another pick-up code with tries of its own; the old one opens nothing any more. Raises Refusal order_state."""
    order = held_of_store(tx, order_id, staff)
    if order.state is not OrderState.READY:
        raise Refusal("order_state", state=str(order.state), wanted=str(OrderState.READY))
    new = {"pickup_code_hash": code_hash(order_id, code), "pickup_tries": 0}
    tx.execute(update(orders).where(orders.c.id == order_id).values(new))
    write_down(tx, order_id, order.state, "code_renewed", staff_id=staff.id, now=now)
    tell(tx, order, Kind.ORDER_READY, ids=ids, now=now, sealed=dict(sealed))
    return find(tx, order_id)


def code_hash(order_id: str, code: str) -> str:
    """Bound to the order; five tries make a slow hash needless."""
    return hashlib.sha256(f"{order_id}:{code}".encode()).hexdigest()


def tell(
    tx: Transaction,
    order: Order,
    kind: Kind,
    *,
    event_id: int | None = None,
    ids: Ids,
    now: datetime,
    **payload: object,
) -> None:
    """The store's live pages hear of it and, unless it is the staff's business alone, the shopper's devices.

    event_id: its place in the store's feed, where the caller has taken that already.
    """
    if event_id is None:
        event_id = events.next_numbers(tx, order.store_id).event_id
    facts = {"order_id": order.id, "receipt_number": order.receipt_number, **payload}
    happening = Happening(
        ids.uuid7(),
        kind,
        order.id,
        facts,
        shopper_id=None if kind is Kind.ORDER_CHANGED else order.shopper_id,
        store_id=order.store_id,
        event_id=event_id,
    )
    outbox.add(tx, [happening], now=now)
