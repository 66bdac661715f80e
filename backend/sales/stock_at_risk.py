"""Which products will run out, from what is left and what is expected to be sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from backend.db.transaction import Transaction
from backend.inventory.products import available_at
from backend.inventory.tables import products, stock, stores
from backend.orders.tables import order_lines, orders
from backend.sales import rollups
from backend.sales.days import StoreDay, day_of
from backend.sales.forecast import WEEK, forecast
from backend.sales.tables import sales_products

WINDOW_WEEKS = 8  # looked back
WINDOW_DAYS = WINDOW_WEEKS * WEEK
YOUNG_DAYS = 14  # a product that sold nothing before counts as on sale for so long
COVER_DAYS_MIN = 3
FORECAST_MAX = 200  # products

Sold = dict[str, dict[date, int]]  # sku → day → pieces


@dataclass(frozen=True, slots=True)
class AtRisk:
    sku: str
    name_en: str
    name_ar: str
    available: int
    cover_days: int  # until it is gone, today included


def stock_at_risk(tx: Transaction, store_id: str, *, now: datetime) -> list[AtRisk]:
    """Sold out, or gone within COVER_DAYS_MIN days; the nearest to empty first, at most FORECAST_MAX."""
    timezone = tx.execute(select(stores.c.timezone).where(stores.c.id == store_id)).scalar_one()
    today = day_of(now, timezone)
    first = StoreDay(today.day - timedelta(days=WINDOW_DAYS), timezone)
    counted_until = rollups.first_open_day(tx, store_id, timezone) or today
    open_from = max(first, counted_until, key=lambda day: day.day)
    near = _near_to_empty(tx, store_id, first, open_from, now=now)
    sold = _sold(tx, store_id, [row.sku for row in near if row.available > 0], first, open_from)
    found = []
    for row in near:
        cover = _cover_days(row.available, sold[row.sku], today.day) if row.available > 0 else 0
        if cover < COVER_DAYS_MIN:
            found.append(AtRisk(row.sku, row.name_en, row.name_ar, row.available, cover))
    return sorted(found, key=lambda one: (one.available > 0, one.cover_days))


def _near_to_empty(
    tx: Transaction, store_id: str, first: StoreDay, open_from: StoreDay, *, now: datetime
) -> Sequence[Row[Any]]:
    """Those that COVER_DAYS_MIN days like their best one would empty: no forecast is above the best day."""
    best = (
        select(sales_products.c.sku, func.max(sales_products.c.pieces).label("pieces"))
        .where(sales_products.c.store_id == store_id, sales_products.c.day >= first.day)
        .group_by(sales_products.c.sku)
        .subquery()
    )
    pieces = func.sum(order_lines.c.quantity).label("pieces")
    lately = (
        _lines_since(open_from, store_id, order_lines.c.sku, pieces).group_by(order_lines.c.sku).subquery()
    )
    available = available_at(now)
    pace = func.coalesce(best.c.pieces, 0) + func.coalesce(lately.c.pieces, 0)
    return tx.execute(
        select(stock.c.sku, products.c.name_en, products.c.name_ar, available.label("available"))
        .join(products, products.c.sku == stock.c.sku)
        .outerjoin(best, best.c.sku == stock.c.sku)
        .outerjoin(lately, lately.c.sku == stock.c.sku)
        .where(
            stock.c.store_id == store_id,
            products.c.active,
            or_(available == 0, available < pace * COVER_DAYS_MIN),
        )
        .order_by(func.coalesce(available / func.nullif(pace, 0), 0), pace.desc(), stock.c.sku)
        .limit(FORECAST_MAX)
    ).all()


def _sold(tx: Transaction, store_id: str, skus: Sequence[str], first: StoreDay, open_from: StoreDay) -> Sold:
    kept = select(sales_products.c.sku, sales_products.c.day, sales_products.c.pieces).where(
        sales_products.c.store_id == store_id,
        sales_products.c.day >= first.day,
        sales_products.c.day < open_from.day,
        sales_products.c.sku.in_(skus),
    )
    columns = (order_lines.c.sku, orders.c.placed_at, order_lines.c.quantity)
    lately = _lines_since(open_from, store_id, *columns).where(order_lines.c.sku.in_(skus))
    sold: Sold = {sku: {} for sku in skus}
    for sku, day, pieces in tx.execute(kept):
        sold[sku][day] = pieces
    for sku, placed_at, pieces in tx.execute(lately):
        day = day_of(placed_at, open_from.timezone).day
        sold[sku][day] = sold[sku].get(day, 0) + pieces
    return sold


def _lines_since(day: StoreDay, store_id: str, *columns: ColumnElement[Any]) -> Select[Any]:
    """Of orders of days that are not counted yet."""
    return (
        select(*columns)
        .select_from(order_lines)
        .join(orders, orders.c.id == order_lines.c.order_id)
        .where(orders.c.store_id == store_id, orders.c.placed_at >= day.begins_at)
    )


def _cover_days(available: int, sold: Mapping[date, int], today: date) -> int:
    """Today sells what was expected of it, or what it has sold by now if that is more."""
    age = max([YOUNG_DAYS, *((today - day).days for day in sold)])
    past = [sold.get(today - timedelta(days=ago), 0) for ago in range(age, 0, -1)]
    so_far = sold.get(today, 0)
    whole_day = max(so_far, *forecast(past, 1))
    wanted = accumulate([whole_day - so_far, *forecast([*past, whole_day], COVER_DAYS_MIN - 1)])
    return sum(pieces < available for pieces in wanted)
