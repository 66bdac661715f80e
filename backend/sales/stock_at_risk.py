"""Which products will run out, from what is left and what the last days sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from backend.db.transaction import Transaction
from backend.inventory.products import available_at
from backend.inventory.tables import products, stock
from backend.orders.tables import order_lines, orders

WINDOW_DAYS = 14
COVER_DAYS_MIN = 3


@dataclass(frozen=True, slots=True)
class AtRisk:
    sku: str
    name_en: str
    name_ar: str
    available: int
    sold: int  # pieces in the last WINDOW_DAYS

    @property
    def cover_days(self) -> int | None:
        """Whole days until it is gone at the pace of the window; None where nothing was sold."""
        return self.available * WINDOW_DAYS // self.sold if self.sold else None


def stock_at_risk(tx: Transaction, store_id: str, *, now: datetime) -> list[AtRisk]:
    """Sold out, or gone within COVER_DAYS_MIN days; the nearest to empty first."""
    sold = (
        select(order_lines.c.sku, func.sum(order_lines.c.quantity).label("pieces"))
        .join(orders, orders.c.id == order_lines.c.order_id)
        .where(orders.c.store_id == store_id, orders.c.placed_at >= now - timedelta(days=WINDOW_DAYS))
        .group_by(order_lines.c.sku)
        .subquery()
    )
    available = available_at(now)
    pieces = func.coalesce(sold.c.pieces, 0)
    rows = tx.execute(
        select(
            stock.c.sku,
            products.c.name_en,
            products.c.name_ar,
            available.label("available"),
            pieces.label("sold"),
        )
        .join(products, products.c.sku == stock.c.sku)
        .outerjoin(sold, sold.c.sku == stock.c.sku)
        .where(
            stock.c.store_id == store_id,
            products.c.active,
            (available == 0) | (available * WINDOW_DAYS < pieces * COVER_DAYS_MIN),
        )
        .order_by(available, stock.c.sku)
    )
    return [AtRisk(r.sku, r.name_en, r.name_ar, r.available, int(r.sold)) for r in rows]
