"""Counted pieces. Every change has its row in stock_movements, so that `on_hand` is their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.clock import Ids
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.movements import Move, record
from backend.inventory.products import available_at
from backend.inventory.reservations import release_expired, skus_with_expired
from backend.inventory.tables import stock

SKUS_MAX = 10_000  # in one statement; SQLite takes 32,766 parameters


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
    result = count_all(tx, store_id, {sku: counted}, reference=reference, ids=ids, now=now)
    if sku in result.held:
        raise Refusal("count_below_reserved", sku=sku, reserved=result.held[sku], counted=counted)
    if sku not in result.differences:
        raise Refusal("product_unknown")
    return result.differences[sku]


@dataclass(frozen=True, slots=True)
class Counted:
    differences: Mapping[str, int]  # sku → how much more or less there is than was thought
    held: Mapping[str, int]  # of what carts hold more of than was counted: how much; these stay as they were


def count_all(
    tx: Transaction, store_id: str, counted: Mapping[str, int], *, reference: str, ids: Ids, now: datetime
) -> Counted:
    """As `count`, for any number of products in as many statements; what the store does not have is in neither."""
    assert all(pieces >= 0 for pieces in counted.values())
    for sku in sorted(skus_with_expired(tx, store_id, now=now) & set(counted)):
        release_expired(tx, store_id, sku, now=now)
    rows = [
        row
        for some in _parts(sorted(counted))
        for row in tx.execute(
            select(stock.c.sku, stock.c.on_hand, stock.c.reserved)
            .where(stock.c.store_id == store_id, stock.c.sku.in_(some))
            .order_by(stock.c.sku)
            .with_for_update()
        )
    ]
    held = {row.sku: row.reserved for row in rows if counted[row.sku] < row.reserved}
    differences = {row.sku: counted[row.sku] - row.on_hand for row in rows if row.sku not in held}
    changed = [sku for sku, difference in differences.items() if difference]
    if changed:
        this = (stock.c.store_id == store_id) & (stock.c.sku == bindparam("this_sku"))
        tx.execute(
            update(stock).where(this).values(on_hand=bindparam("counted")),
            [{"this_sku": sku, "counted": counted[sku]} for sku in changed],
        )
        moves = [Move(store_id, sku, differences[sku]) for sku in changed]
        record(tx, moves, "counted", reference=reference, ids=ids, now=now)
    return Counted(differences, held)


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


def _parts(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(skus), SKUS_MAX):
        yield skus[start : start + SKUS_MAX]
