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


OPEN = (
    OrderState.PAID,
    OrderState.ACCEPTED,
    OrderState.PACKING,
    OrderState.READY,
)  # not with the shopper yet
FOLLOWS: dict[OrderState, frozenset[OrderState]] = {
    OrderState.PAID: frozenset({OrderState.ACCEPTED, OrderState.CANCELLED}),
    OrderState.ACCEPTED: frozenset({OrderState.PAID, OrderState.PACKING, OrderState.CANCELLED}),
    OrderState.PACKING: frozenset({OrderState.PAID, OrderState.READY, OrderState.CANCELLED}),
    OrderState.READY: frozenset({OrderState.HANDED_OVER, OrderState.MISMATCH, OrderState.CANCELLED}),
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
    discount_minor: int
    refunded: int  # pieces
    refunded_minor: int
    refunded_vat_minor: int

    @property
    def paid_minor(self) -> int:
        return self.gross_minor - self.discount_minor

    @property
    def left(self) -> int:
        """Pieces that are not refunded: those to pack and to hand over."""
        return self.quantity - self.refunded


@dataclass(frozen=True, slots=True)
class OrderStep:
    """A state that the order came to, or, with an act, something else done to it while in that state."""

    state: str
    act: str | None
    at: datetime
    staff_id: str | None
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
    refunded_minor: int
    currency: str
    method: str  # what it was paid with: wallet or card
    state: OrderState
    packer_id: str | None
    claim_until: datetime | None  # while it is being packed: from then on another packer may take it
    age_min: int | None  # years, to be looked at when it is handed over
    placed_at: datetime
    changed_at: datetime
    lines: tuple[OrderLine, ...]
    steps: tuple[OrderStep, ...]

    @property
    def refundable_minor(self) -> int:
        return self.total_minor - self.refunded_minor

    @property
    def packed(self) -> bool:
        """Exactly what is left to hand over is in the bag."""
        return all(line.packed == line.left for line in self.lines)


def find(tx: Transaction, order_id: str) -> Order:
    """Raises Refusal order_not_found."""
    found = some(tx, orders.c.id == order_id)
    if not found:
        raise Refusal("order_not_found")
    return found[0]


def hold(tx: Transaction, order_id: str) -> Order:
    """As `find`; whoever else would change this order waits until the transaction ends."""
    tx.execute(select(orders.c.id).where(orders.c.id == order_id).with_for_update())
    return find(tx, order_id)


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
    for step in tx.execute(
        select(order_steps).where(order_steps.c.order_id.in_(wanted)).order_by(order_steps.c.id)
    ).mappings():
        steps[step["order_id"]].append(OrderStep(**{name: step[name] for name in OrderStep.__slots__}))
    return [_order(row, tuple(lines[row["id"]]), tuple(steps[row["id"]])) for row in rows]


def _order(row, lines: tuple[OrderLine, ...], steps: tuple[OrderStep, ...]) -> Order:  # type: ignore[no-untyped-def]  # a RowMapping
    facts = {name: row[name] for name in Order.__slots__ if name not in ("state", "lines", "steps")}
    paid = OrderStep(OrderState.PAID, None, row["placed_at"], None, None)  # placing writes no step of its own
    return Order(**facts, state=OrderState(row["state"]), lines=lines, steps=(paid, *steps))


def step_to(
    tx: Transaction,
    order: Order,
    state: OrderState,
    *,
    staff_id: str | None,
    now: datetime,
    act: str | None = None,
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
    write_down(tx, order.id, state, act, staff_id=staff_id, now=now, note=note)


def write_down(
    tx: Transaction,
    order_id: str,
    state: OrderState,
    act: str | None,
    *,
    staff_id: str | None,
    now: datetime,
    note: str | None = None,
) -> None:
    """A line of the order's history."""
    tx.execute(
        order_steps.insert().values(
            order_id=order_id, state=state, act=act, at=now, staff_id=staff_id, note=note
        )
    )
