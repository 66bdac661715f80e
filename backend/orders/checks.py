"""Do an order's lines, VAT, steps and receipt number agree?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, literal, or_, select

from backend.db.checks import gaps
from backend.db.events import store_counters
from backend.db.findings import Scope, plain, rule
from backend.db.outbox import Kind, outbox
from backend.orders.tables import order_lines, order_steps, orders

PAID = order_lines.c.gross_minor - order_lines.c.discount_minor


@rule("order_total", "an order's total is what its lines cost, and its discount that of its lines")
def wrong_totals(scope: Scope) -> Select[Any]:
    paid = func.coalesce(func.sum(PAID), 0)
    discount = func.coalesce(func.sum(order_lines.c.discount_minor), 0)
    return (
        select(
            orders.c.id,
            paid.label("expected_total"),
            discount.label("expected_discount"),
            orders.c.total_minor.label("found_total"),
            orders.c.discount_minor.label("found_discount"),
        )
        .join(order_lines, order_lines.c.order_id == orders.c.id, isouter=True)
        .where(made(scope))
        .group_by(orders.c.id)
        .having(or_(orders.c.total_minor != paid, orders.c.discount_minor != discount))
    )


@rule("order_vat", "VAT of a rate's lines is that of their sum")
def wrong_vat(scope: Scope) -> Select[Any]:
    """VAT is computed once per rate and order, half up; all amounts are positive, so `//` rounds down."""
    rate, whole = order_lines.c.vat_rate_bp, 10_000 + order_lines.c.vat_rate_bp
    due = (2 * cast(func.sum(PAID), BigInteger) * rate + whole) // (2 * whole)
    vat = func.sum(order_lines.c.vat_minor)
    sums = select(order_lines.c.order_id, rate, due.label("expected"), vat.label("found"))
    if scope.since is not None:
        sums = sums.join(orders, orders.c.id == order_lines.c.order_id).where(made(scope))
    return sums.group_by(order_lines.c.order_id, rate).having(vat != due)


@rule("order_step_missing", "every stage of an order has a time")
def missing_steps(scope: Scope) -> Select[Any]:
    """The order itself holds when it was paid; every later state has a row."""
    step = select(order_steps.c.id).where(
        order_steps.c.order_id == orders.c.id, order_steps.c.state == orders.c.state
    )
    return select(orders.c.id, orders.c.state.label("expected"), literal(None).label("found")).where(
        orders.c.state != "paid", ~step.exists(), made(scope)
    )


@rule("receipt_gap", "a store's receipts are numbered without gaps")
def receipt_gaps(scope: Scope) -> Select[Any]:
    return gaps(scope, store_counters.c.receipts, orders.c.receipt_number, orders.c.placed_at)


@rule("message_missing", "every payment was told")
def untold_payments(scope: Scope) -> Select[Any]:
    told = (
        select(plain(outbox.c.subject).label("order_id"))
        .where(outbox.c.kind == Kind.PAYMENT_SETTLED.value, scope.covers(outbox.c.id, outbox.c.created_at))
        .distinct()  # so that SQLite makes it a table with an index, instead of looking through all for each
        .subquery()
    )
    return (
        select(
            orders.c.id,
            literal(Kind.PAYMENT_SETTLED.value).label("expected"),
            literal(None).label("found"),
        )
        .join(told, told.c.order_id == plain(orders.c.id), isouter=True)
        .where(told.c.order_id.is_(None), made(scope))
    )


RULES = (wrong_totals, wrong_vat, missing_steps, receipt_gaps, untold_payments)


def made(scope: Scope) -> ColumnElement[bool]:
    return scope.covers(orders.c.id, orders.c.placed_at)
