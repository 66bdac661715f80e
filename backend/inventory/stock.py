"""Counted pieces. Every change has its row in stock_movements, so that `on_hand` is their sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.clock import Ids
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.movements import Move, record
from backend.inventory.products import available_at
from backend.inventory.reservations import release_expired
from backend.inventory.tables import stock


@dataclass(frozen=True, slots=True)
class Delivery:
    store_id: str
    sku: str
    quantity: int  # 0: the store begins to sell it, with an empty shelf


def available(tx: Transaction, store_id: str, sku: str, *, now: datetime) -> int:
    """0 also for what the store does not sell."""
    found = tx.execute(
        select(available_at(now)).where(stock.c.store_id == store_id, stock.c.sku == sku)
    ).scalar_one_or_none()
    return max(0, found or 0)


def receive(
    tx: Transaction, deliveries: Sequence[Delivery], *, reference: str, ids: Ids, now: datetime
) -> None:
    """Goods come in; stock rows that are missing are made."""
    ordered = sorted(deliveries, key=lambda d: (d.store_id, d.sku))  # the lock order
    assert all(d.quantity >= 0 for d in ordered), "goods come in, they do not leave"
    if not ordered:
        return
    _raise(tx, ordered)
    moves = [Move(d.store_id, d.sku, d.quantity) for d in ordered]
    record(tx, moves, "received", reference=reference, ids=ids, now=now)


def count(
    tx: Transaction, store_id: str, sku: str, *, counted: int, reference: str, ids: Ids, now: datetime
) -> int:
    """Sets `on_hand` to what somebody counted and returns the difference.

    Raises Refusal product_unknown, or count_below_reserved where live reservations hold more than that.
    """
    assert counted >= 0, counted
    release_expired(tx, store_id, sku, now=now)
    this = (stock.c.store_id == store_id) & (stock.c.sku == sku)
    row = tx.execute(select(stock.c.on_hand, stock.c.reserved).where(this).with_for_update()).one_or_none()
    if row is None:
        raise Refusal("product_unknown")
    if counted < row.reserved:
        raise Refusal("count_below_reserved", sku=sku, reserved=row.reserved, counted=counted)
    difference: int = counted - row.on_hand
    tx.execute(update(stock).where(this).values(on_hand=counted))
    record(tx, [Move(store_id, sku, difference)], "counted", reference=reference, ids=ids, now=now)
    return difference


def write_off(
    tx: Transaction, store_id: str, goods: Mapping[str, int], *, reference: str, ids: Ids, now: datetime
) -> None:
    """Broken, stale or gone: {sku: pieces} leave the store unsold. Raises Refusal stock_short, product_unknown."""
    ordered = sorted(goods.items())
    for sku, pieces in ordered:
        _lower(tx, store_id, sku, pieces, now=now)
    moves = [Move(store_id, sku, -pieces) for sku, pieces in ordered]
    record(tx, moves, "written_off", reference=reference, ids=ids, now=now)


def transfer(
    tx: Transaction,
    from_id: str,
    to_id: str,
    goods: Mapping[str, int],
    *,
    reference: str,
    ids: Ids,
    now: datetime,
) -> None:
    """{sku: pieces} leave one store and stand in the other at once. Raises Refusal stock_short, product_unknown."""
    assert from_id != to_id, "a transfer is between two stores"
    ordered = sorted(goods.items())
    for store_id in sorted((from_id, to_id)):  # the lock order
        if store_id == to_id:
            _raise(tx, [Delivery(to_id, sku, pieces) for sku, pieces in ordered])
            continue
        for sku, pieces in ordered:
            _lower(tx, from_id, sku, pieces, now=now)
    left = [Move(from_id, sku, -pieces) for sku, pieces in ordered]
    came = [Move(to_id, sku, pieces) for sku, pieces in ordered]
    record(tx, left, "moved_out", reference=reference, ids=ids, now=now)
    record(tx, came, "moved_in", reference=reference, ids=ids, now=now)


def _raise(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """deliveries: in the lock order."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    new = dialect.insert(stock)
    tx.execute(
        new.on_conflict_do_update(
            index_elements=["store_id", "sku"], set_={"on_hand": stock.c.on_hand + new.excluded.on_hand}
        ),
        [{"store_id": d.store_id, "sku": d.sku, "on_hand": d.quantity, "reserved": 0} for d in deliveries],
    )


def _lower(tx: Transaction, store_id: str, sku: str, pieces: int, *, now: datetime) -> None:
    """What carts hold stays; what they held too long is taken back first, if need be."""
    this = (stock.c.store_id == store_id) & (stock.c.sku == sku)
    enough = update(stock).where(this, stock.c.on_hand - stock.c.reserved >= pieces)
    lower = enough.values(on_hand=stock.c.on_hand - pieces)
    if tx.execute(lower).rowcount == 1:
        return
    release_expired(tx, store_id, sku, now=now)
    if tx.execute(lower).rowcount == 1:
        return
    left = tx.execute(select(stock.c.on_hand - stock.c.reserved).where(this)).scalar_one_or_none()
    if left is None:
        raise Refusal("product_unknown", sku=sku)
    raise Refusal("stock_short", sku=sku, available=left)
