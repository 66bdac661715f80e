"""A store's day counted from its orders, lines and refunds themselves."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select

from backend.checkout.tables import refunds
from backend.db.transaction import Transaction
from backend.orders.tables import order_lines, orders
from backend.sales.days import HOUR, StoreDay
from backend.sales.figures import DaySales, HourSales, ProductSales, Totals


def count_day(tx: Transaction, store_id: str, day: StoreDay) -> tuple[DaySales, list[ProductSales]]:
    """Hours are told apart here and not in SQL: the two databases share no function for it."""
    begin = day.begins_at
    sums = [[0, 0, 0] for _ in day.hours()]
    placed = select(orders.c.placed_at, orders.c.total_minor, orders.c.discount_minor)
    for at, total_minor, discount_minor in tx.execute(placed.where(_placed_on(store_id, day))):
        of_hour = sums[(at - begin) // HOUR]
        of_hour[0] += 1
        of_hour[1] += total_minor
        of_hour[2] += discount_minor
    hours = tuple(HourSales(at, *of_hour) for at, of_hour in zip(day.hours(), sums, strict=True))
    products = _products(tx, store_id, day)
    count, refunded, refunded_vat = _refunds(tx, store_id, day)
    totals = Totals(
        orders=sum(hour.orders for hour in hours),
        gross_minor=sum(hour.gross_minor for hour in hours),
        discount_minor=sum(hour.discount_minor for hour in hours),
        vat_minor=sum(product.vat_minor for product in products),
        refunds=count,
        refunds_minor=refunded,
        refunds_vat_minor=refunded_vat,
    )
    return DaySales(day.day, totals, hours), products


def _products(tx: Transaction, store_id: str, day: StoreDay) -> list[ProductSales]:
    line = order_lines.c
    rows = tx.execute(
        select(
            line.sku,
            func.max(line.name_en),  # a product renamed during the day is one row
            func.max(line.name_ar),
            func.sum(line.quantity),
            func.sum(line.gross_minor - line.discount_minor),
            func.sum(line.vat_minor),
        )
        .join(orders, orders.c.id == line.order_id)
        .where(_placed_on(store_id, day))
        .group_by(line.sku)
    )
    return [
        ProductSales(sku, name_en, name_ar, int(pieces), int(gross), int(vat))
        for sku, name_en, name_ar, pieces, gross, vat in rows  # PostgreSQL sums a BIGINT to a Decimal
    ]


def _refunds(tx: Transaction, store_id: str, day: StoreDay) -> tuple[int, int, int]:
    """(how many, gross, VAT inside). From the day to its orders: the store's orders are of years."""
    of_store = select(orders.c.id).where(orders.c.id == refunds.c.order_id, orders.c.store_id == store_id)
    count, gross, vat = tx.execute(
        select(
            func.count(),
            func.coalesce(func.sum(refunds.c.amount_minor), 0),
            func.coalesce(func.sum(refunds.c.vat_minor), 0),
        ).where(refunds.c.at >= day.begins_at, refunds.c.at < day.ends_at, of_store.exists())
    ).one()
    return int(count), int(gross), int(vat)


def _placed_on(store_id: str, day: StoreDay) -> ColumnElement[bool]:
    at = orders.c.placed_at
    return (orders.c.store_id == store_id) & (at >= day.begins_at) & (at < day.ends_at)
