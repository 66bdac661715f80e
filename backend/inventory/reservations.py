"""Pieces held for a cart line until a time.

Expiry is in the formula, not in a sweep: whoever finds too little takes back what expired and tries again.
Order of locks, which keeps out deadlocks: all carts, then stock rows by (store, sku), then reservations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, select, text, update

from backend.clock import Ids
from backend.db.schema import Id, UtcTime, stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.movements import Move, record
from backend.inventory.tables import reservations, stock


def resize(tx: Transaction, *, line_id: str, quantity: int, now: datetime) -> None:
    """The line holds `quantity` from now on. Its cart's row is locked by the caller.

    Raises Refusal out_of_stock, or cart_expired where the pieces were given back meanwhile.
    """
    assert quantity > 0, quantity
    live = _live(reservations.c.line_id == line_id)
    row = tx.execute(
        select(reservations.c.store_id, reservations.c.sku, reservations.c.quantity).where(live)
    ).one_or_none()
    if row is None:
        raise Refusal("cart_expired")
    more = quantity - row.quantity
    if more > 0:
        _take(tx, row.store_id, row.sku, more, now=now)
    elif more < 0:
        _give_back(tx, row.store_id, row.sku, -more)
    changed = tx.execute(update(reservations).where(live).values(quantity=quantity)).rowcount
    if changed != 1:
        raise Refusal("cart_expired")


def release(tx: Transaction, line_id: str) -> int:
    """How many pieces went back; 0 where none were held any more."""
    return sum(_release(tx, reservations.c.line_id == line_id).values())


def release_carts(tx: Transaction, *cart_ids: str, before: tuple[str, str] | None = None) -> int:
    """before: (store, sku) that this transaction takes next; its row is locked in its place among the others."""
    return sum(_release(tx, reservations.c.cart_id.in_(cart_ids), before).values())


def release_expired(tx: Transaction, store_id: str, sku: str, *, now: datetime) -> int:
    return sum(
        _release(
            tx,
            and_(
                reservations.c.store_id == store_id,
                reservations.c.sku == sku,
                reservations.c.expires_at <= now,
            ),
        ).values()
    )


def skus_with_expired(tx: Transaction, store_id: str, *, now: datetime) -> set[str]:
    """What carts of the store hold although their time ran out."""
    expired = _live((reservations.c.store_id == store_id) & (reservations.c.expires_at <= now))
    return set(tx.execute(select(reservations.c.sku).where(expired).distinct()).scalars())


def hold(tx: Transaction, cart_id: str, until: datetime) -> int:
    """All live reservations of the cart last until then; how many there are."""
    return tx.execute(
        update(reservations).where(_live(reservations.c.cart_id == cart_id)).values(expires_at=until)
    ).rowcount


def sell(tx: Transaction, cart_id: str, store_id: str, *, reference: str, now: datetime) -> dict[str, int]:
    """Live reservations become sold and leave the shelf: {sku: pieces}. One statement.

    A movement of a sale has its line's id, so that a line cannot be sold twice. Raises Refusal
    reservation_expired; the caller compares the result with what was agreed.
    """
    statement = SELL_POSTGRESQL if tx.dialect.name == "postgresql" else SELL_SQLITE
    given = {"cart_id": cart_id, "store_id": store_id, "reference": reference, "now": now}
    sold: Counter[str] = Counter()
    for sku, pieces in tx.execute(statement, given):
        sold[sku] += pieces
    if not sold:
        raise Refusal("reservation_expired")
    return sold


TYPED = (bindparam("store_id", type_=Id), bindparam("cart_id", type_=Id), bindparam("now", type_=UtcTime))
SELL_POSTGRESQL = text(  # the stock rows first, by sku: no UPDATE promises an order of locks
    """
    WITH shelf AS (
        SELECT sku FROM stock
        WHERE store_id = :store_id
        AND sku IN (SELECT sku FROM reservations WHERE cart_id = :cart_id AND state = 'live')
        ORDER BY sku FOR UPDATE
    ), sold AS (
        UPDATE reservations SET state = 'sold', reference = :reference, expires_at = :now
        WHERE cart_id = :cart_id AND state = 'live' AND expires_at > :now
        AND (SELECT count(*) FROM shelf) > 0
        RETURNING line_id, store_id, sku, quantity
    ), moved AS (
        INSERT INTO stock_movements (id, store_id, sku, delta, reason, reference, at)
        SELECT line_id, store_id, sku, -quantity, 'sold', :reference, :now FROM sold
    )
    UPDATE stock SET on_hand = on_hand - gone.pieces, reserved = reserved - gone.pieces
    FROM (SELECT store_id, sku, sum(quantity) AS pieces FROM sold GROUP BY store_id, sku) AS gone
    WHERE stock.store_id = gone.store_id AND stock.sku = gone.sku
    RETURNING stock.sku, gone.pieces
    """
).bindparams(*TYPED)

SELL_SQLITE = text(  # stock and movements follow by the trigger `reservations_sold`
    """
    UPDATE reservations SET state = 'sold', reference = :reference, expires_at = :now
    WHERE cart_id = :cart_id AND store_id = :store_id AND state = 'live' AND expires_at > :now
    RETURNING sku, quantity
    """
).bindparams(*TYPED)


def restock(
    tx: Transaction, store_id: str, quantities: Mapping[str, int], *, reference: str, ids: Ids, now: datetime
) -> None:
    """Sold pieces, {sku: quantity}, come back to the shelf."""
    ordered = sorted(quantities.items())
    for sku, quantity in ordered:
        assert quantity > 0, quantity
        back = tx.execute(
            update(stock)
            .where(stock.c.store_id == store_id, stock.c.sku == sku)
            .values(on_hand=stock.c.on_hand + quantity)
        ).rowcount
        assert back == 1, "what was sold has a stock row"
    moves = [Move(store_id, sku, quantity) for sku, quantity in ordered]
    record(tx, moves, "returned", reference=reference, ids=ids, now=now)


def carts_due(tx: Transaction, *, now: datetime, limit: int) -> list[str]:
    """Carts with expired reservations that still hold pieces, the oldest first."""
    due = tx.execute(
        select(reservations.c.cart_id)
        .where(_live(reservations.c.expires_at <= now))
        .order_by(reservations.c.expires_at)
        .limit(limit)
    ).scalars()
    return list(dict.fromkeys(due))


def _take(tx: Transaction, store_id: str, sku: str, quantity: int, *, now: datetime) -> None:
    """The condition stands in the UPDATE: however many come at once, the last piece goes to one of them."""
    assert quantity > 0, quantity
    this = and_(stock.c.store_id == store_id, stock.c.sku == sku)
    enough = (
        update(stock)
        .where(this, stock.c.on_hand - stock.c.reserved >= quantity)
        .values(reserved=stock.c.reserved + quantity)
    )
    if tx.execute(enough).rowcount == 1:
        return
    release_expired(tx, store_id, sku, now=now)
    if tx.execute(enough).rowcount == 1:
        return
    raise out_of_stock(tx, store_id, sku)


def refuse_unheld(tx: Transaction, line_id: str) -> None:
    """Raises Refusal cart_expired where the line's pieces were given back."""
    state = tx.execute(
        select(reservations.c.state).where(reservations.c.line_id == line_id)
    ).scalar_one_or_none()
    if state not in (None, "live"):
        raise Refusal("cart_expired")


def out_of_stock(tx: Transaction, store_id: str, sku: str) -> Refusal:
    """With what is left."""
    left = tx.execute(
        select(stock.c.on_hand - stock.c.reserved).where(stock.c.store_id == store_id, stock.c.sku == sku)
    ).scalar_one_or_none()
    return Refusal("out_of_stock", sku=sku, available=left or 0)


def _give_back(tx: Transaction, store_id: str, sku: str, quantity: int) -> None:
    lowered = tx.execute(
        update(stock)
        .where(stock.c.store_id == store_id, stock.c.sku == sku, stock.c.reserved >= quantity)
        .values(reserved=stock.c.reserved - quantity)
    ).rowcount
    assert lowered == 1, "what is reserved is counted in the stock row"


def _release(
    tx: Transaction, which: ColumnElement[bool], before: tuple[str, str] | None = None
) -> dict[tuple[str, str], int]:
    """Live reservations to released, in the order of locks; {(store, sku): pieces}."""
    held = select(reservations.c.store_id, reservations.c.sku).where(_live(which)).distinct()
    rows = {(row.store_id, row.sku) for row in tx.execute(held)}
    for store_id, sku in sorted(rows | {before} if rows and before else rows):
        tx.execute(
            select(stock.c.sku).where(stock.c.store_id == store_id, stock.c.sku == sku).with_for_update()
        ).one_or_none()
    pieces: dict[tuple[str, str], int] = {}
    if rows:
        for row in tx.execute(
            update(reservations)
            .where(_live(which))
            .values(state="released")
            .returning(reservations.c.store_id, reservations.c.sku, reservations.c.quantity)
        ):
            pieces[row.store_id, row.sku] = pieces.get((row.store_id, row.sku), 0) + row.quantity
    for (store_id, sku), quantity in sorted(pieces.items()):
        _give_back(tx, store_id, sku, quantity)
    return pieces


def _live(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(which, stands(reservations.c.state, "live"))
