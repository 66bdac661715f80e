"""An order's states, and which may follow which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.orders.tables import order_lines, order_steps, orders


class OrderState(StrEnum):
    PAID = "paid"
    ACCEPTED = "accepted"
    PACKING = "packing"
    READY = "ready"
    HANDED_OVER = "handed_over"
    MISMATCH = "mismatch"
    CANCELLED = "cancelled"


RANK = {state.value: rank for rank, state in enumerate(OrderState)}
FOLLOWS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PAID: frozenset({OrderState.ACCEPTED, OrderState.CANCELLED}),
    OrderState.ACCEPTED: frozenset({OrderState.PACKING, OrderState.CANCELLED}),
    OrderState.PACKING: frozenset({OrderState.READY, OrderState.CANCELLED}),
    OrderState.READY: frozenset({OrderState.HANDED_OVER, OrderState.MISMATCH}),
    OrderState.HANDED_OVER: frozenset(),
    OrderState.MISMATCH: frozenset(),
    OrderState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class OrderLine:
    id: str
    sku: str
    name_en: str
    name_ar: str
    quantity: int
    packed: int
    unit_price_minor: int
    gross_minor: int
    vat_rate_bp: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class OrderStep:
    state: str
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    store_id: str
    receipt_number: int
    shopper_id: str
    checkout_id: str
    posting_id: str
    total_minor: int
    currency: str
    state: OrderState
    packer_id: str | None
    placed_at: datetime
    changed_at: datetime
    lines: tuple[OrderLine, ...]
    steps: tuple[OrderStep, ...]


def find(tx: Transaction, order_id: str) -> Order:
    """Raises Refusal order_not_found."""
    found = some(tx, orders.c.id == order_id)
    if not found:
        raise Refusal("order_not_found")
    return found[0]


def of_shopper(tx: Transaction, shopper_id: str, *, limit: int = 50) -> list[Order]:
    return some(tx, orders.c.shopper_id == shopper_id, limit=limit)


def some(tx: Transaction, *where, newest_first: bool = True, limit: int = 1) -> list[Order]:  # type: ignore[no-untyped-def]  # SQL expressions
    """Orders with their lines and steps in three statements."""
    order = orders.c.placed_at.desc() if newest_first else orders.c.placed_at
    rows = tx.execute(select(orders).where(*where).order_by(order, orders.c.id).limit(limit)).mappings().all()
    wanted = [row["id"] for row in rows]
    lines: dict[str, list[OrderLine]] = {order_id: [] for order_id in wanted}
    for line in tx.execute(
        select(order_lines).where(order_lines.c.order_id.in_(wanted)).order_by(order_lines.c.id)
    ).mappings():
        lines[line["order_id"]].append(OrderLine(**{name: line[name] for name in OrderLine.__slots__}))
    steps: dict[str, list[OrderStep]] = {order_id: [] for order_id in wanted}
    for step in tx.execute(select(order_steps).where(order_steps.c.order_id.in_(wanted))).mappings():
        steps[step["order_id"]].append(OrderStep(step["state"], step["at"], step["note"]))
    return [_order(row, tuple(lines[row["id"]]), tuple(steps[row["id"]])) for row in rows]


def _order(row, lines: tuple[OrderLine, ...], steps: tuple[OrderStep, ...]) -> Order:  # type: ignore[no-untyped-def]  # a RowMapping
    paid = OrderStep(OrderState.PAID, row["placed_at"], None)  # placing writes no step of its own
    return Order(
        id=row["id"],
        store_id=row["store_id"],
        receipt_number=row["receipt_number"],
        shopper_id=row["shopper_id"],
        checkout_id=row["checkout_id"],
        posting_id=row["posting_id"],
        total_minor=row["total_minor"],
        currency=row["currency"],
        state=OrderState(row["state"]),
        packer_id=row["packer_id"],
        placed_at=row["placed_at"],
        changed_at=row["changed_at"],
        lines=lines,
        steps=(paid, *sorted(steps, key=lambda step: (step.at, RANK[step.state]))),
    )


def step_to(
    tx: Transaction,
    order: Order,
    state: OrderState,
    *,
    staff_id: str | None,
    now: datetime,
    note: str | None = None,
    **values: object,
) -> None:
    """Move on from the state that `order` was read in. Raises Refusal order_state if that is not allowed or not so."""
    allowed = state in FOLLOWS[order.state]
    moved = (
        allowed
        and tx.execute(
            update(orders)
            .where(orders.c.id == order.id, orders.c.state == order.state)
            .values(state=state, changed_at=now, **values)
        ).rowcount
    )
    if not moved:
        raise Refusal("order_state", state=str(order.state), wanted=str(state))
    tx.execute(
        order_steps.insert().values(order_id=order.id, state=state, at=now, staff_id=staff_id, note=note)
    )
