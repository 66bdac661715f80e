"""Do stock, movements and reservations agree?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, func, select, tuple_

from backend.db.findings import Scope, rule
from backend.inventory.tables import reservations, stock, stock_movements


@rule("stock_on_hand", "what is on hand is the sum of its movements")
def wrong_on_hand(scope: Scope) -> Select[Any]:
    moves = stock_movements.c
    sums = (
        select(moves.store_id, moves.sku, func.sum(moves.delta).label("pieces"))
        .group_by(moves.store_id, moves.sku)
        .subquery()
    )
    total = func.coalesce(sums.c.pieces, 0)
    found = (
        select(stock.c.store_id, stock.c.sku, total.label("expected"), stock.c.on_hand.label("found"))
        .join(sums, and_(sums.c.store_id == stock.c.store_id, sums.c.sku == stock.c.sku), isouter=True)
        .where(stock.c.on_hand != total)
    )
    if scope.since is None:
        return found
    moved = select(moves.store_id, moves.sku).where(scope.covers(moves.id, moves.at))
    return found.where(tuple_(stock.c.store_id, stock.c.sku).in_(moved))


@rule("stock_reserved", "what is reserved is the sum of live reservations")
def wrong_reserved(_scope: Scope) -> Select[Any]:
    live = (
        select(reservations.c.store_id, reservations.c.sku, func.sum(reservations.c.quantity).label("pieces"))
        .where(reservations.c.state == "live")
        .group_by(reservations.c.store_id, reservations.c.sku)
        .subquery()
    )
    held = func.coalesce(live.c.pieces, 0)
    return (
        select(stock.c.store_id, stock.c.sku, held.label("expected"), stock.c.reserved.label("found"))
        .join(live, and_(live.c.store_id == stock.c.store_id, live.c.sku == stock.c.sku), isouter=True)
        .where(stock.c.reserved != held)
    )


RULES = (wrong_on_hand, wrong_reserved)
