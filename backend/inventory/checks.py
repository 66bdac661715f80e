"""Do stock, movements and reservations agree?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, exists, func, select, true

from backend.db.findings import Scope, rule
from backend.inventory.tables import reservations, stock, stock_movements


@rule("stock_on_hand", "what is on hand is the sum of its movements")
def wrong_on_hand(scope: Scope) -> Select[Any]:
    moves = stock_movements.alias()
    moved = exists().where(
        moves.c.store_id == stock.c.store_id,
        moves.c.sku == stock.c.sku,
        scope.covers(moves.c.id, moves.c.at),
    )
    total = func.coalesce(func.sum(stock_movements.c.delta), 0)
    same = and_(stock_movements.c.store_id == stock.c.store_id, stock_movements.c.sku == stock.c.sku)
    return (
        select(stock.c.store_id, stock.c.sku, total.label("expected"), stock.c.on_hand.label("found"))
        .join(stock_movements, same, isouter=True)
        .where(true() if scope.since is None else moved)
        .group_by(stock.c.store_id, stock.c.sku, stock.c.on_hand)
        .having(stock.c.on_hand != total)
    )


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
