"""What stands on a store's shelves, product by product, for those who fill them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.products import available_at, price_at
from backend.inventory.tables import products, stock


@dataclass(frozen=True, slots=True)
class Level:
    sku: str
    name_en: str
    name_ar: str
    category_en: str
    category_ar: str
    price_minor: int | None  # None: no price in this store yet, so it cannot be bought
    on_hand: int
    available: int

    @property
    def reserved(self) -> int:
        """Held by live carts; reservations that ran out no longer count, swept or not."""
        return self.on_hand - self.available


def stock_levels(tx: Transaction, store_id: str, *, q: str = "", now: datetime) -> Sequence[Level]:
    """By category and name; every word of `q` stands in a name, a category or the sku."""
    wanted = (
        _levels(store_id, now)
        .where(products.c.active)
        .order_by(products.c.category_en, products.c.name_en, products.c.sku)
    )
    rows = [Level(*row) for row in tx.execute(wanted)]
    words = q.casefold().split()
    return [row for row in rows if all(word in _text(row) for word in words)]


def stock_level(tx: Transaction, store_id: str, sku: str, *, now: datetime) -> Level:
    """Withdrawn goods stand on shelves, too. Raises Refusal product_unknown."""
    row = tx.execute(_levels(store_id, now).where(products.c.sku == sku)).one_or_none()
    if row is None:
        raise Refusal("product_unknown")
    return Level(*row)


def _levels(store_id: str, now: datetime) -> Select[Any]:
    return (
        select(
            products.c.sku,
            products.c.name_en,
            products.c.name_ar,
            products.c.category_en,
            products.c.category_ar,
            price_at(stock.c.store_id, stock.c.sku, now),
            stock.c.on_hand,
            available_at(now),
        )
        .join(stock, stock.c.sku == products.c.sku)
        .where(stock.c.store_id == store_id)
    )


def _text(row: Level) -> str:
    return " ".join((row.sku, row.name_en, row.name_ar, row.category_en, row.category_ar)).casefold()
