"""Money goes back: for a whole order or by pieces of its lines, in one transaction with the goods and a credit note.

What a piece is worth follows from the stored line (`money.first_pieces`), so that an order in whatever parts gives back
what was paid and the VAT inside it, to the last halala. The order's row is the lock; CHECKs on order and lines stand
behind it. What was paid by card is booked here and stays `pending` until the worker has told the gateway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import bindparam, insert, select, update

from backend.checkout.tables import refund_lines, refunds
from backend.clock import Ids
from backend.db import audit, events
from backend.db.outbox import Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations
from backend.inventory.movements import Move, Reason, record
from backend.ledger.accounts import move_wallet
from backend.ledger.postings import Entry, Posting, post
from backend.money import first_pieces
from backend.orders.order import Order, OrderLine, find
from backend.orders.packing import tell
from backend.orders.tables import order_lines, orders

Goods = Literal["restock", "write_off", "none"]


@dataclass(frozen=True, slots=True)
class Refund:
    """What is asked for."""

    reason: str
    goods: Goods  # back on the shelf, thrown away, or never come back
    lines: Mapping[str, int] | None = None  # line id → pieces; None: all that is left
    available_minor: int | None = None  # what the asker believes can still be refunded


@dataclass(frozen=True, slots=True)
class Refunded:
    id: str
    order_id: str
    number: int  # of the credit note
    amount_minor: int
    vat_minor: int
    currency: str
    method: str
    state: str
    goods: Goods
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Part:
    line: OrderLine
    pieces: int
    amount_minor: int
    vat_minor: int


def refund(tx: Transaction, order: Order, asked: Refund, *, actor: str, ids: Ids, now: datetime) -> Refunded:
    """order: held by this transaction (`orders.order.hold`).

    Raises Refusal refund_amount_changed, line_not_found, refund_beyond.
    """
    if asked.available_minor not in (None, order.refundable_minor):
        raise Refusal("refund_amount_changed", refund_amount_available=order.refundable_minor)
    parts = wanted(order, asked.lines)
    amount = sum(part.amount_minor for part in parts)
    if amount == 0:
        raise Refusal("refund_beyond", refund_amount_available=order.refundable_minor)
    _mark(tx, order, parts, amount)
    if order.method == "wallet":
        moved = move_wallet(tx, order.shopper_id, order.currency, amount)
        assert moved, "a wallet takes any positive amount"
    refund_id = ids.uuid7()
    _move_goods(tx, order, parts, asked.goods, reference=refund_id, ids=ids, now=now)
    numbers = events.next_numbers(tx, order.store_id, credit_notes=1)
    made = Refunded(
        id=refund_id,
        order_id=order.id,
        number=numbers.credit_note,
        amount_minor=amount,
        vat_minor=sum(part.vat_minor for part in parts),
        currency=order.currency,
        method=order.method,
        state="done" if order.method == "wallet" else "pending",
        goods=asked.goods,
        reason=asked.reason,
        actor=actor,
        at=now,
    )
    _write(tx, order, made, parts, ids=ids)
    tell(tx, order, Kind.REFUND_MADE, event_id=numbers.event_id, ids=ids, now=now, **told_of(made))
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=actor,
        action="order.refunded",
        subject=order.id,
        details={"refund": refund_id, "amount_minor": amount, "goods": asked.goods, "reason": asked.reason},
    )
    return made


def note(tx: Transaction, refund_id: str, given: bool, *, ids: Ids, now: datetime) -> bool:
    """What became of it at the gateway, whose later word may take a "given" back; False: it is none of ours.

    One that failed is the store's to make good (`made_good`).
    """
    this = refunds.c.id == refund_id
    before, after = (("pending",), "done") if given else (("pending", "done"), "failed")
    settled = update(refunds).where(this, refunds.c.method == "card", refunds.c.state.in_(before))
    order_id = tx.execute(settled.values(state=after).returning(refunds.c.order_id)).scalar_one_or_none()
    if order_id is None:
        return tx.execute(select(refunds.c.id).where(this)).first() is not None
    if not given:
        made = of_id(tx, order_id, refund_id)
        tell(tx, find(tx, order_id), Kind.REFUND_FAILED, ids=ids, now=now, **told_of(made))
    return True


def of_id(tx: Transaction, order_id: str, refund_id: str) -> Refunded:
    """Raises Refusal refund_not_found."""
    for made in of_order(tx, order_id):
        if made.id == refund_id:
            return made
    raise Refusal("refund_not_found")


def of_order(tx: Transaction, order_id: str) -> list[Refunded]:
    """The oldest first."""
    rows = tx.execute(
        select(*(refunds.c[name] for name in Refunded.__slots__))
        .where(refunds.c.order_id == order_id)
        .order_by(refunds.c.number, refunds.c.id)
    )
    return [Refunded(*row) for row in rows]


def wanted(order: Order, lines: Mapping[str, int] | None) -> list[Part]:
    """In the order of the lines. Raises Refusal line_not_found, refund_beyond."""
    if lines is None:
        return [_part(line, line.left) for line in order.lines if line.left]
    if lines.keys() - {line.id for line in order.lines}:
        raise Refusal("line_not_found")
    return [_part(line, lines[line.id]) for line in order.lines if line.id in lines]


def _part(line: OrderLine, pieces: int) -> Part:
    if not 0 < pieces <= line.left:
        raise Refusal("refund_beyond", line=line.id, left=line.left)
    worth = (line.paid_minor, line.vat_minor, line.quantity)
    amount_before, vat_before = first_pieces(*worth, line.refunded)
    amount, vat = first_pieces(*worth, line.refunded + pieces)
    return Part(line, pieces, amount - amount_before, vat - vat_before)


def _mark(tx: Transaction, order: Order, parts: Sequence[Part], amount: int) -> None:
    tx.execute(
        update(orders).where(orders.c.id == order.id).values(refunded_minor=orders.c.refunded_minor + amount)
    )
    lines = order_lines.c
    tx.execute(
        update(order_lines)
        .where(lines.id == bindparam("line"))
        .values(
            refunded=lines.refunded + bindparam("pieces"),
            refunded_minor=lines.refunded_minor + bindparam("amount"),
            refunded_vat_minor=lines.refunded_vat_minor + bindparam("vat"),
        ),
        [
            {
                "line": part.line.id,
                "pieces": part.pieces,
                "amount": part.amount_minor,
                "vat": part.vat_minor,
            }
            for part in parts
        ],
    )


def _move_goods(
    tx: Transaction,
    order: Order,
    parts: Sequence[Part],
    goods: Goods,
    *,
    reference: str,
    ids: Ids,
    now: datetime,
) -> None:
    """What is thrown away comes back and leaves again: the shelf never sees it, its movements say both."""
    if goods == "none":
        return
    pieces: dict[str, int] = {}
    for part in parts:  # a sku may stand on several lines
        pieces[part.line.sku] = pieces.get(part.line.sku, 0) + part.pieces
    if goods == "restock":
        reservations.restock(tx, order.store_id, pieces, reference=reference, ids=ids, now=now)
        return
    there_and_gone: tuple[tuple[Reason, int], ...] = (("returned", 1), ("written_off", -1))
    for reason, sign in there_and_gone:
        moves = [Move(order.store_id, sku, sign * count) for sku, count in sorted(pieces.items())]
        record(tx, moves, reason, reference=reference, ids=ids, now=now)


def _write(tx: Transaction, order: Order, made: Refunded, parts: Sequence[Part], *, ids: Ids) -> None:
    posting_id = post(
        tx,
        Posting(
            kind="refund",
            reference=made.id,
            store_id=order.store_id,
            actor=made.actor,
            currency=made.currency,
            entries=tuple(_entries(order, made)),
        ),
        ids=ids,
        now=made.at,
    )
    facts = {name: getattr(made, name) for name in Refunded.__slots__}
    tx.execute(insert(refunds).values(**facts, store_id=order.store_id, posting_id=posting_id))
    tx.execute(
        insert(refund_lines),
        [
            {
                "refund_id": made.id,
                "line_id": part.line.id,
                "quantity": part.pieces,
                "amount_minor": part.amount_minor,
                "vat_minor": part.vat_minor,
            }
            for part in parts
        ],
    )


def _entries(order: Order, made: Refunded) -> Iterator[Entry]:
    """To where the money came from: the shopper's wallet, or what the gateway owes the store."""
    yield Entry(
        made.method, order.shopper_id if made.method == "wallet" else order.store_id, made.amount_minor
    )
    yield Entry("sales", order.store_id, made.vat_minor - made.amount_minor)
    yield Entry("vat", order.store_id, -made.vat_minor)


def told_of(made: Refunded) -> dict[str, Any]:
    """What messages say of it, beside its order."""
    return {"credit_note": made.number, "amount_minor": made.amount_minor, "currency": made.currency}
