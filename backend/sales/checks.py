"""Is what is kept of past days what their orders and refunds say?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true, union_all

from backend.checkout.tables import refunds
from backend.db.findings import Scope, rule
from backend.orders.tables import order_lines, orders
from backend.sales.tables import sales_days, sales_hours, sales_products


@rule("sales_hour", "a past hour's sales are those of its orders")
def wrong_hours(scope: Scope) -> Select[Any]:
    kept = sales_hours.c
    due = {
        "orders": func.count(orders.c.id),
        "gross_minor": func.coalesce(func.sum(orders.c.total_minor), 0),
        "discount_minor": func.coalesce(func.sum(orders.c.discount_minor), 0),
    }
    within = and_(
        orders.c.store_id == kept.store_id,
        orders.c.placed_at >= kept.begins_at,
        orders.c.placed_at < kept.ends_at,
    )
    return (
        select(
            kept.store_id,
            kept.begins_at,
            *(value.label(f"expected_{name}") for name, value in due.items()),
            *(kept[name].label(f"found_{name}") for name in due),
        )
        .join(orders, within, isouter=True)
        .where(ended(scope, kept.ends_at))
        .group_by(*kept)
        .having(or_(*(kept[name] != value for name, value in due.items())))
    )


@rule("sales_product", "a past day's sales of a product are those of its lines")
def wrong_products(scope: Scope) -> Select[Any]:
    line, kept = order_lines.c, sales_products.c
    on_day = and_(
        orders.c.store_id == sales_days.c.store_id,
        orders.c.placed_at >= sales_days.c.begins_at,
        orders.c.placed_at < sales_days.c.ends_at,
    )
    sold = (
        select(
            sales_days.c.store_id,
            sales_days.c.day,
            line.sku,
            line.quantity.label("pieces"),
            (line.gross_minor - line.discount_minor).label("gross"),
            line.vat_minor.label("vat"),
            *(literal(0).label(name) for name in ("kept_pieces", "kept_gross", "kept_vat")),
        )
        .select_from(sales_days)
        .join(orders, on_day)
        .join(order_lines, line.order_id == orders.c.id)
        .where(ended(scope, sales_days.c.ends_at))
    )
    told = (
        select(
            kept.store_id,
            kept.day,
            kept.sku,
            *(literal(0),) * 3,
            kept.pieces,
            kept.gross_minor,
            kept.vat_minor,
        )
        .join(sales_days, and_(sales_days.c.store_id == kept.store_id, sales_days.c.day == kept.day))
        .where(ended(scope, sales_days.c.ends_at))
    )
    both = union_all(sold, told).subquery().c
    names = ("pieces", "gross", "vat")
    due, found = [func.sum(both[name]) for name in names], [func.sum(both[f"kept_{name}"]) for name in names]
    return (
        select(
            both.store_id,
            both.day,
            both.sku,
            *(value.label(f"expected_{name}") for name, value in zip(names, due, strict=True)),
            *(value.label(f"found_{name}") for name, value in zip(names, found, strict=True)),
        )
        .group_by(both.store_id, both.day, both.sku)
        .having(or_(*(one != other for one, other in zip(due, found, strict=True))))
    )


@rule("sales_day", "a past day's totals are those of its hours, products and refunds")
def wrong_days(scope: Scope) -> Select[Any]:
    day = sales_days.c

    def of(table: Any, column: Any) -> Any:
        same = and_(table.c.store_id == day.store_id, table.c.day == day.day)
        return select(func.coalesce(func.sum(column), 0)).where(same).scalar_subquery()

    def back(value: Any) -> Any:
        then = and_(
            orders.c.store_id == day.store_id, refunds.c.at >= day.begins_at, refunds.c.at < day.ends_at
        )
        given = refunds.join(orders, orders.c.id == refunds.c.order_id)
        return select(func.coalesce(value, 0)).select_from(given).where(then).scalar_subquery()

    due = {
        "orders": of(sales_hours, sales_hours.c.orders),
        "gross_minor": of(sales_hours, sales_hours.c.gross_minor),
        "discount_minor": of(sales_hours, sales_hours.c.discount_minor),
        "vat_minor": of(sales_products, sales_products.c.vat_minor),
        "refunds": back(func.count()),
        "refunds_minor": back(func.sum(refunds.c.amount_minor)),
        "refunds_vat_minor": back(func.sum(refunds.c.vat_minor)),
    }
    return select(
        day.store_id,
        day.day,
        *(value.label(f"expected_{name}") for name, value in due.items()),
        *(day[name].label(f"found_{name}") for name in due),
    ).where(or_(*(day[name] != value for name, value in due.items())), ended(scope, day.ends_at))


RULES = (wrong_hours, wrong_products, wrong_days)


def ended(scope: Scope, at: ColumnElement[Any]) -> ColumnElement[bool]:
    return true() if scope.since is None else at > scope.since
