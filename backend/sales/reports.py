"""What a store sold on one of its days, from the orders and the refunds themselves.

An order counts on the day and in the hour in which it was paid for, whatever became of it; a refund counts on
the day on which the money went back. So the gross of the hours, the gross of the products and the payments in
the ledger are one sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from backend.checkout.tables import refunds
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.tables import stores
from backend.ledger.tables import accounts, entries
from backend.orders.tables import order_lines, orders

HOURS = 24


@dataclass(frozen=True, slots=True)
class HourSales:
    hour: int  # 0–23 on the store's wall clock
    orders: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class ProductSales:
    sku: str
    name_en: str
    name_ar: str
    pieces: int
    gross_minor: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    orders: int
    gross_minor: int  # paid, VAT included
    vat_minor: int  # the VAT inside the gross
    refunds: int
    refunds_minor: int  # paid back, VAT included
    refunds_vat_minor: int  # the VAT inside the refunds

    @property
    def net_minor(self) -> int:
        """What stays with the store: without VAT, after refunds."""
        return self.gross_minor - self.vat_minor - (self.refunds_minor - self.refunds_vat_minor)


@dataclass(frozen=True, slots=True)
class SalesDay:
    store_id: str
    day: date  # in the store's time zone
    timezone: str
    currency: str
    totals: Totals
    hours: tuple[HourSales, ...]  # always 24
    products: tuple[ProductSales, ...]  # highest gross first


def local_day(now: datetime, timezone: str) -> date:
    return now.astimezone(ZoneInfo(timezone)).date()


def utc_range(day: date, timezone: str) -> tuple[datetime, datetime]:
    """[begin, end) of a local day; 23 or 25 hours long where clocks change."""
    zone = ZoneInfo(timezone)
    begin, end = (datetime.combine(d, time(), zone) for d in (day, day + timedelta(days=1)))
    return begin.astimezone(UTC), end.astimezone(UTC)


def sales_day(tx: Transaction, store_id: str, *, day: date | None = None, now: datetime) -> SalesDay:
    """Without a day: today in the store's time zone. Raises Refusal store_unknown."""
    store = tx.execute(select(stores).where(stores.c.id == store_id)).one_or_none()
    if store is None:
        raise Refusal("store_unknown")
    day = day or local_day(now, store.timezone)
    begin, end = utc_range(day, store.timezone)
    hours = _by_hour(tx, store_id, begin, end, ZoneInfo(store.timezone))
    products = _by_product(tx, store_id, begin, end)
    refunded, refunds_minor, refunds_vat_minor = _refunds(tx, store_id, begin, end)
    totals = Totals(
        orders=sum(h.orders for h in hours),
        gross_minor=sum(h.gross_minor for h in hours),
        vat_minor=sum(p.vat_minor for p in products),
        refunds=refunded,
        refunds_minor=refunds_minor,
        refunds_vat_minor=refunds_vat_minor,
    )
    return SalesDay(store_id, day, store.timezone, store.currency, totals, hours, products)


def _by_hour(
    tx: Transaction, store_id: str, begin: datetime, end: datetime, zone: ZoneInfo
) -> tuple[HourSales, ...]:
    """Bucketed here and not in SQL: the two databases share no function that knows time zones."""
    placed = tx.execute(
        select(orders.c.placed_at, orders.c.total_minor).where(
            orders.c.store_id == store_id, orders.c.placed_at >= begin, orders.c.placed_at < end
        )
    )
    counts, gross = [0] * HOURS, [0] * HOURS
    for placed_at, total_minor in placed:
        hour = placed_at.astimezone(zone).hour
        counts[hour] += 1
        gross[hour] += total_minor
    return tuple(HourSales(hour, counts[hour], gross[hour]) for hour in range(HOURS))


def _by_product(tx: Transaction, store_id: str, begin: datetime, end: datetime) -> tuple[ProductSales, ...]:
    gross = func.sum(order_lines.c.gross_minor)
    rows = tx.execute(
        select(
            order_lines.c.sku,
            func.max(order_lines.c.name_en).label("name_en"),  # a product renamed during the day is one row
            func.max(order_lines.c.name_ar).label("name_ar"),
            func.sum(order_lines.c.quantity).label("pieces"),
            gross.label("gross_minor"),
            func.sum(order_lines.c.vat_minor).label("vat_minor"),
        )
        .join(orders, orders.c.id == order_lines.c.order_id)
        .where(orders.c.store_id == store_id, orders.c.placed_at >= begin, orders.c.placed_at < end)
        .group_by(order_lines.c.sku)
        .order_by(gross.desc(), order_lines.c.sku)
    )
    return tuple(
        ProductSales(
            r.sku, r.name_en, r.name_ar, int(r.pieces), int(r.gross_minor), int(r.vat_minor)
        )  # PostgreSQL sums a BIGINT to a Decimal
        for r in rows
    )


def _refunds(tx: Transaction, store_id: str, begin: datetime, end: datetime) -> tuple[int, int, int]:
    """(how many, gross, VAT inside); the VAT is what the refunds' postings took from the VAT account."""
    of_the_day = (
        select(refunds.c.posting_id, refunds.c.amount_minor)
        .join(orders, orders.c.id == refunds.c.order_id)
        .where(orders.c.store_id == store_id, refunds.c.at >= begin, refunds.c.at < end)
        .subquery()
    )
    count, gross = tx.execute(
        select(func.count(), func.coalesce(func.sum(of_the_day.c.amount_minor), 0)).select_from(of_the_day)
    ).one()
    vat = tx.execute(
        select(func.coalesce(func.sum(entries.c.amount_minor), 0))
        .join(accounts, accounts.c.id == entries.c.account_id)
        .where(accounts.c.kind == "vat", entries.c.posting_id.in_(select(of_the_day.c.posting_id)))
    ).scalar_one()
    return int(count), int(gross), abs(int(vat))
