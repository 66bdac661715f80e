"""What a store sold on its days: those that are over as they were kept, the others counted now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.tables import stores
from backend.sales import rollups
from backend.sales.counting import count_day
from backend.sales.days import StoreDay, day_of, days_between
from backend.sales.figures import DaySales, HourSales, ProductSales, Totals, sum_products, sum_totals

DAYS_MAX = 92


@dataclass(frozen=True, slots=True)
class Sales:
    store_id: str
    first: date  # in the store's time zone
    last: date
    timezone: str
    currency: str
    days: tuple[DaySales, ...]  # each of them, until today
    products: tuple[ProductSales, ...]  # highest gross first

    @property
    def totals(self) -> Totals:
        return sum_totals(day.totals for day in self.days)

    @property
    def hours(self) -> tuple[HourSales, ...]:
        return tuple(hour for day in self.days for hour in day.hours)


def sales(
    tx: Transaction, store_id: str, *, first: date | None = None, last: date | None = None, now: datetime
) -> Sales:
    """Without days: today in the store's time zone. Raises Refusal store_unknown, period_malformed."""
    store = tx.execute(select(stores).where(stores.c.id == store_id)).one_or_none()
    if store is None:
        raise Refusal("store_unknown")
    today = day_of(now, store.timezone)
    first = first or last or today.day
    last = last or first
    if not timedelta(0) <= last - first < timedelta(days=DAYS_MAX):
        raise Refusal("period_malformed", days_max=DAYS_MAX)
    begin, end = StoreDay(first, store.timezone), StoreDay(last, store.timezone)
    by_day = {day.day: day for day in rollups.read_days(tx, store_id, begin, end)}
    products = list(rollups.read_products(tx, store_id, begin, end))
    open_from = rollups.first_open_day(tx, store_id, store.timezone)
    for day in days_between(begin, end):
        if open_from and open_from.day <= day.day <= today.day:
            by_day[day.day], sold = count_day(tx, store_id, day)
            products += sold
    days = tuple(by_day.get(day.day) or _nothing(day) for day in days_between(begin, end))
    return Sales(store_id, first, last, store.timezone, store.currency, days, sum_products(products))


def _nothing(day: StoreDay) -> DaySales:
    return DaySales(day.day, Totals(), tuple(HourSales(hour) for hour in day.hours()))
