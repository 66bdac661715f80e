"""Do stock, movements and reservations agree?"""

from __future__ import annotations

from sqlalchemy import and_, func, select

from backend.db.findings import Finding
from backend.db.transaction import Transaction
from backend.inventory.tables import reservations, stock, stock_movements


def check(tx: Transaction) -> list[Finding]:
    return [*wrong_on_hand(tx), *wrong_reserved(tx)]


def wrong_on_hand(tx: Transaction) -> list[Finding]:
    total = func.coalesce(func.sum(stock_movements.c.delta), 0)
    same = and_(stock_movements.c.store_id == stock.c.store_id, stock_movements.c.sku == stock.c.sku)
    rows = tx.execute(
        select(stock.c.store_id, stock.c.sku, stock.c.on_hand, total.label("total"))
        .join(stock_movements, same, isouter=True)
        .group_by(stock.c.store_id, stock.c.sku, stock.c.on_hand)
        .having(stock.c.on_hand != total)
        .order_by(stock.c.store_id, stock.c.sku)
    )
    rule = "what is on hand is the sum of its movements"
    return [Finding(rule, f"{row.sku} in store {row.store_id}", int(row.total), row.on_hand) for row in rows]


def wrong_reserved(tx: Transaction) -> list[Finding]:
    total = func.coalesce(func.sum(reservations.c.quantity), 0)
    same = and_(
        reservations.c.store_id == stock.c.store_id,
        reservations.c.sku == stock.c.sku,
        reservations.c.state == "live",
    )
    rows = tx.execute(
        select(stock.c.store_id, stock.c.sku, stock.c.reserved, total.label("total"))
        .join(reservations, same, isouter=True)
        .group_by(stock.c.store_id, stock.c.sku, stock.c.reserved)
        .having(stock.c.reserved != total)
        .order_by(stock.c.store_id, stock.c.sku)
    )
    rule = "what is reserved is the sum of live reservations"
    return [Finding(rule, f"{row.sku} in store {row.store_id}", int(row.total), row.reserved) for row in rows]
