"""Is what is kept of past days what their orders and refunds say?

Lines and refunds look up their hour by key, so the work grows with the trade and not with trade times days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from backend.checkout.tables import refunds
from backend.db.findings import Scope, rule
from backend.orders.tables import order_lines, orders
from backend.sales.tables import sales_days, sales_hours, sales_products


@rule("sales_hour", "a past hour's sales are those of its orders")
def wrong_hours(scope: Scope) -> Select[Any]:
    hour, order = sales_hours.c, orders.c
    key = {"store_id": hour.store_id, "begins_at": hour.begins_at}
    inside = (
        order.placed_at < hour.ends_at
    )  # in what is summed: as a condition it would lead to the wrong index
    begun = and_(hour.store_id == order.store_id, hour.begins_at == begun_by(order.store_id, order.placed_at))
    within = ended(scope, hour.ends_at)
    counted = {
        "orders": case((inside, 1), else_=0),
        "gross_minor": case((inside, order.total_minor), else_=0),
        "discount_minor": case((inside, order.discount_minor), else_=0),
    }
    placed = orders.join(sales_hours, begun)
    return unequal(
        Side(key, counted, lambda due: select(*due).select_from(placed).where(within)),
        Side(key, {name: hour[name] for name in counted}, lambda found: select(*found).where(within)),
    )


@rule("sales_product", "a past day's sales of a product are those of its lines")
def wrong_products(scope: Scope) -> Select[Any]:
    line, kept = order_lines.c, sales_products.c
    placed = (
        select(orders.c.id, sales_hours.c.store_id, sales_hours.c.day)
        .select_from(orders.join(sales_hours, in_hour(orders.c.store_id, orders.c.placed_at)))
        .join(sales_days, of_day(sales_hours.c))
        .where(ended(scope, sales_days.c.ends_at))
        .cte("placed")
    )
    sold = placed.join(order_lines, line.order_id == placed.c.id)
    counted = Side(
        {"store_id": placed.c.store_id, "day": placed.c.day, "sku": line.sku},
        {"pieces": line.quantity, "gross": line.gross_minor - line.discount_minor, "vat": line.vat_minor},
        lambda due: select(*due).select_from(sold),
    )
    ended_days = sales_products.join(sales_days, of_day(kept))
    written = Side(
        {"store_id": kept.store_id, "day": kept.day, "sku": kept.sku},
        {"pieces": kept.pieces, "gross": kept.gross_minor, "vat": kept.vat_minor},
        lambda found: select(*found).select_from(ended_days).where(ended(scope, sales_days.c.ends_at)),
    )
    return unequal(counted, written)


@rule("sales_day", "a past day's totals are those of its hours, products and refunds")
def wrong_days(scope: Scope) -> Select[Any]:
    day, hour, product = sales_days.c, sales_hours.c, sales_products.c
    hours = of_days(
        select(hour.store_id, hour.day),
        hour,
        orders=hour.orders,
        gross_minor=hour.gross_minor,
        discount_minor=hour.discount_minor,
    )
    products = of_days(select(product.store_id, product.day), product, vat_minor=product.vat_minor)
    returned = orders.join(refunds, refunds.c.order_id == orders.c.id)
    given = select(hour.store_id, hour.day).select_from(
        sales_hours.join(returned, in_hour(orders.c.store_id, refunds.c.at))
    )
    back = of_days(
        given,
        hour,
        refunds=literal(1),
        refunds_minor=refunds.c.amount_minor,
        refunds_vat_minor=refunds.c.vat_minor,
    )
    due = {
        column.name: func.coalesce(column, 0)
        for part in (hours, products, back)
        for column in part.c
        if column.name not in ("store_id", "day")
    }
    rows: FromClause = sales_days
    for part in (hours, products, back):
        rows = rows.outerjoin(part, of_day(part.c))
    return (
        select(day.store_id, day.day, *side_by_side(due, day))
        .select_from(rows)
        .where(differing(due, day), ended(scope, day.ends_at))
    )


RULES = (wrong_hours, wrong_products, wrong_days)


Columns = dict[str, Any]


@dataclass(frozen=True)
class Side:
    """What is due, or what was found: sums by key, under the same names as on the other side."""

    key: Columns
    values: Columns
    rows: Callable[[Iterable[Any]], Select[Any]]  # from the columns that it selects


def unequal(due: Side, found: Side) -> Select[Any]:
    """Where the sums by key of both sides differ; each row is looked at once."""

    def labelled(this: Side, side: str) -> list[Any]:
        columns = [column.label(name) for name, column in this.key.items()]
        for which in ("expected", "found"):
            for name in due.values:
                value = this.values[name] if which == side else literal(0)
                columns.append(value.label(f"{which}_{name}"))
        return columns

    both = union_all(due.rows(labelled(due, "expected")), found.rows(labelled(found, "found"))).subquery().c
    keys = [both[name] for name in due.key]
    names = [f"{side}_{name}" for side in ("expected", "found") for name in due.values]
    sums = {name: func.sum(both[name]) for name in names}
    differ = or_(*(sums[f"expected_{name}"] != sums[f"found_{name}"] for name in due.values))
    return select(*keys, *(value.label(name) for name, value in sums.items())).group_by(*keys).having(differ)


def begun_by(store_id: ColumnElement[Any], at: ColumnElement[Any]) -> ColumnElement[Any]:
    """When the last of the store's hours began that had begun by then."""
    hour = sales_hours.alias().c
    begun = select(func.max(hour.begins_at)).where(hour.store_id == store_id, hour.begins_at <= at)
    return begun.scalar_subquery()


def in_hour(store_id: ColumnElement[Any], at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Of rows of `sales_hours`."""
    hour = sales_hours.c
    return and_(hour.store_id == store_id, hour.begins_at == begun_by(store_id, at), hour.ends_at > at)


def of_day(row: Any) -> ColumnElement[bool]:
    return and_(sales_days.c.store_id == row.store_id, sales_days.c.day == row.day)


def of_days(rows: Select[Any], key: Any, **sums: Any) -> Any:
    """These sums for each store and day."""
    summed = (func.sum(column).label(name) for name, column in sums.items())
    return rows.add_columns(*summed).group_by(key.store_id, key.day).subquery()


def side_by_side(due: dict[str, Any], kept: Any) -> list[ColumnElement[Any]]:
    expected = [value.label(f"expected_{name}") for name, value in due.items()]
    return [*expected, *(kept[name].label(f"found_{name}") for name in due)]


def differing(due: dict[str, Any], kept: Any) -> ColumnElement[bool]:
    return or_(*(kept[name] != value for name, value in due.items()))


def ended(scope: Scope, at: ColumnElement[Any]) -> ColumnElement[bool]:
    return true() if scope.since is None else at > scope.since
