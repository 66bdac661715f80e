"""Is what is kept of past days what their orders and refunds say?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from backend.checkout.tables import refunds
from backend.db.findings import FINDINGS_MAX, Finding, Rule, Scope, rule
from backend.db.transaction import Transaction
from backend.orders.checks import PAID
from backend.orders.tables import order_lines, orders
from backend.sales.tables import sales_days, sales_hours, sales_products


@rule("sales_hour", "a past hour's sales are those of its orders")
def wrong_hours(scope: Scope) -> Select[Any]:
    """An index finds the orders of each hour, whatever the planner thinks of their number."""
    hour, order = sales_hours.c, orders.c
    inside = and_(
        order.store_id == hour.store_id, order.placed_at >= hour.begins_at, order.placed_at < hour.ends_at
    )
    due = {
        name: select(func.coalesce(total, 0)).where(inside).correlate(sales_hours).scalar_subquery()
        for name, total in {
            "orders": func.count(order.id),
            "gross_minor": func.sum(order.total_minor),
            "discount_minor": func.sum(order.discount_minor),
        }.items()
    }
    return select(hour.store_id, hour.begins_at, *both_sides(due, hour)).where(
        differing(due, hour), ended(scope, hour.ends_at)
    )


@dataclass(frozen=True, slots=True)
class EachDay(Rule):
    """A rule whose rows are looked for day by day: to group years at once takes far longer than to group each day."""

    def ask(self, tx: Transaction, scope: Scope) -> list[Finding]:
        days = select(*(sales_days.c[name] for name in OF_DAY)).where(ended(scope, sales_days.c.ends_at))
        breaches = self.breaches(scope)
        found: list[Finding] = []
        for day in tx.execute(days.order_by(*sales_days.primary_key)).mappings().all():
            found += map(self.finding, tx.execute(breaches, dict(day)).mappings())
            if len(found) >= FINDINGS_MAX:
                break
        return found


SIDES = ("expected", "found")
DAY_MAX = timedelta(hours=25)  # where the clocks are put back
OF_DAY = ("store_id", "day", "begins_at", "ends_at")
STORE_ID, DAY, BEGINS_AT, ENDS_AT = (bindparam(name, type_=sales_days.c[name].type) for name in OF_DAY)


def wrong_products(_scope: Scope) -> Select[Any]:
    line, kept = order_lines.c, sales_products.c
    counted = {"pieces": line.quantity, "gross_minor": PAID, "vat_minor": line.vat_minor}
    nothing = dict.fromkeys(counted, literal(0))
    due = (
        select(line.sku, *both_sides(counted, nothing))
        .join(orders, orders.c.id == line.order_id)
        .where(orders.c.store_id == STORE_ID, orders.c.placed_at >= BEGINS_AT, orders.c.placed_at < ENDS_AT)
    )
    found = select(kept.sku, *both_sides(nothing, kept)).where(kept.store_id == STORE_ID, kept.day == DAY)
    sides = union_all(due, found).subquery().c
    expected, seen = ({name: func.sum(sides[f"{side}_{name}"]) for name in counted} for side in SIDES)
    return (
        select(STORE_ID.label("store_id"), DAY.label("day"), sides.sku, *both_sides(expected, seen))
        .group_by(sides.sku)
        .having(differing(expected, seen))
        .limit(FINDINGS_MAX)
    )


@rule("sales_day", "a past day's totals are those of its hours, products and refunds")
def wrong_days(scope: Scope) -> Select[Any]:
    day, hour, product = sales_days.c, sales_hours.c, sales_products.c
    hours = of_days(
        sales_hours,
        hour,
        scope,
        orders=hour.orders,
        gross_minor=hour.gross_minor,
        discount_minor=hour.discount_minor,
    )
    products = of_days(sales_products, product, scope, vat_minor=product.vat_minor)
    returned = orders.join(refunds, refunds.c.order_id == orders.c.id)
    lately = Scope(scope.now, scope.since and scope.since - DAY_MAX)
    back = of_days(
        sales_hours.join(
            returned,
            and_(in_hour(orders.c.store_id, refunds.c.at), lately.covers(refunds.c.id, refunds.c.at)),
        ),
        hour,
        scope,
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
        select(day.store_id, day.day, *both_sides(due, day))
        .select_from(rows)
        .where(differing(due, day), ended(scope, day.ends_at))
    )


RULES = (
    wrong_hours,
    EachDay("sales_product", "a past day's sales of a product are those of its lines", wrong_products),
    wrong_days,
)


def in_hour(store_id: ColumnElement[Any], at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Of rows of `sales_hours`, found by key: the last of the store's hours that had begun by then."""
    hour, before = sales_hours.c, sales_hours.alias().c
    last = select(func.max(before.begins_at)).where(before.store_id == store_id, before.begins_at <= at)
    return and_(hour.store_id == store_id, hour.begins_at == last.scalar_subquery(), hour.ends_at > at)


def of_day(row: Any) -> ColumnElement[bool]:
    return and_(sales_days.c.store_id == row.store_id, sales_days.c.day == row.day)


def of_days(rows: FromClause, key: Any, scope: Scope, **sums: Any) -> Any:
    """These sums for each store and day that is asked about."""
    summed = (func.sum(column).label(name) for name, column in sums.items())
    found = select(key.store_id, key.day, *summed).select_from(rows).group_by(key.store_id, key.day)
    if scope.since is not None:
        days = select(sales_days.c.store_id, sales_days.c.day).where(ended(scope, sales_days.c.ends_at))
        found = found.where(tuple_(key.store_id, key.day).in_(days))
    return found.subquery()


def both_sides(expected: dict[str, Any], found: Any) -> list[ColumnElement[Any]]:
    """found: columns or values by the same names."""
    return [
        side[name].label(f"{which}_{name}")
        for which, side in zip(SIDES, (expected, found), strict=True)
        for name in expected
    ]


def differing(expected: dict[str, Any], found: Any) -> ColumnElement[bool]:
    return or_(*(found[name] != value for name, value in expected.items()))


def ended(scope: Scope, at: ColumnElement[Any]) -> ColumnElement[bool]:
    return true() if scope.since is None else at > scope.since
