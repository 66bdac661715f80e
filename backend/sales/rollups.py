"""A day that is over is counted once and kept; the worker does it, reports read it.

Nothing that is written later belongs to such a day (`figures`), so there is nothing to keep in step. What is not
kept yet, which is mostly today, a report counts itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.transaction import Transaction
from backend.inventory.tables import stores
from backend.orders.tables import orders
from backend.sales.counting import count_day
from backend.sales.days import HOUR, StoreDay, day_of
from backend.sales.figures import DaySales, HourSales, ProductSales, Totals
from backend.sales.tables import sales_days, sales_hours, sales_products

SETTLED_AFTER = timedelta(minutes=10)  # no payment that began before midnight is still under way


def first_open_day(tx: Transaction, store_id: str, timezone: str) -> StoreDay | None:
    """The earliest day that is not kept; None for a store that never sold anything."""
    kept = select(func.max(sales_days.c.day)).where(sales_days.c.store_id == store_id)
    last: date | None = tx.execute(kept).scalar_one()
    if last is not None:
        return StoreDay(last, timezone).next
    placed = select(func.min(orders.c.placed_at)).where(orders.c.store_id == store_id)
    first: datetime | None = tx.execute(placed).scalar_one()
    return None if first is None else day_of(first, timezone)


def due(tx: Transaction, *, now: datetime) -> list[tuple[str, StoreDay]]:
    """The earliest day of each store that is over and not kept."""
    return [
        (store.id, day)
        for store in tx.execute(select(stores.c.id, stores.c.timezone).order_by(stores.c.id))
        if (day := first_open_day(tx, store.id, store.timezone)) and day.ends_at + SETTLED_AFTER <= now
    ]


def roll_up(tx: Transaction, store_id: str, day: StoreDay) -> None:
    """Of two who do it at once, the second finds it done."""
    counted, products = count_day(tx, store_id, day)
    of_day = {"store_id": store_id, "day": day.day}
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    begun = tx.execute(
        dialect.insert(sales_days)
        .values(**of_day, begins_at=day.begins_at, ends_at=day.ends_at, **asdict(counted.totals))
        .on_conflict_do_nothing()
        .returning(sales_days.c.day)
    )
    if begun.first() is None:
        return
    hours = [
        {**of_day, **asdict(hour), "ends_at": min(hour.begins_at.astimezone(UTC) + HOUR, day.ends_at)}
        for hour in counted.hours
    ]
    tx.execute(insert(sales_hours), hours)
    if products:
        tx.execute(insert(sales_products), [{**of_day, **asdict(product)} for product in products])


def rebuild(tx: Transaction, store_id: str, day: StoreDay) -> None:
    for table in (sales_products, sales_hours, sales_days):
        tx.execute(delete(table).where(table.c.store_id == store_id, table.c.day == day.day))
    roll_up(tx, store_id, day)


def kept_days(tx: Transaction) -> list[tuple[str, StoreDay]]:
    """Of every store, the earliest first."""
    rows = tx.execute(
        select(sales_days.c.store_id, sales_days.c.day, stores.c.timezone)
        .join(stores, stores.c.id == sales_days.c.store_id)
        .order_by(sales_days.c.store_id, sales_days.c.day)
    )
    return [(row.store_id, StoreDay(row.day, row.timezone)) for row in rows]


def read_days(tx: Transaction, store_id: str, first: StoreDay, last: StoreDay) -> Iterator[DaySales]:
    zone = ZoneInfo(first.timezone)
    hours: dict[date, list[HourSales]] = {}
    for row in tx.execute(_within(sales_hours, store_id, first, last).order_by(sales_hours.c.begins_at)):
        one = HourSales(row.begins_at.astimezone(zone), row.orders, row.gross_minor, row.discount_minor)
        hours.setdefault(row.day, []).append(one)
    for row in tx.execute(_within(sales_days, store_id, first, last).order_by(sales_days.c.day)):
        totals = Totals(**{name: getattr(row, name) for name in Totals.__slots__})
        yield DaySales(row.day, totals, tuple(hours[row.day]))


def read_products(tx: Transaction, store_id: str, first: StoreDay, last: StoreDay) -> Sequence[ProductSales]:
    kept = sales_products.c
    rows = tx.execute(
        select(
            kept.sku,
            func.max(kept.name_en),
            func.max(kept.name_ar),
            func.sum(kept.pieces),
            func.sum(kept.gross_minor),
            func.sum(kept.vat_minor),
        )
        .where(kept.store_id == store_id, kept.day >= first.day, kept.day <= last.day)
        .group_by(kept.sku)
    )
    return [ProductSales(row[0], row[1], row[2], int(row[3]), int(row[4]), int(row[5])) for row in rows]


def _within(table: Table, store_id: str, first: StoreDay, last: StoreDay) -> Select[Any]:
    days = table.c.day
    return select(table).where(table.c.store_id == store_id, days >= first.day, days <= last.day)
