"""Do an order's lines, VAT, steps and receipt number agree?"""

from __future__ import annotations

from sqlalchemy import func, or_, select

from backend.db.events import store_counters
from backend.db.findings import Finding
from backend.db.transaction import Transaction
from backend.money import divide_half_up
from backend.orders.tables import order_lines, order_steps, orders


def check(tx: Transaction) -> list[Finding]:
    return [*wrong_totals(tx), *wrong_vat(tx), *missing_steps(tx), *receipt_gaps(tx)]


def wrong_totals(tx: Transaction) -> list[Finding]:
    total = func.coalesce(func.sum(order_lines.c.gross_minor), 0)
    rows = tx.execute(
        select(orders.c.id, orders.c.total_minor, total.label("lines"))
        .join(order_lines, order_lines.c.order_id == orders.c.id, isouter=True)
        .group_by(orders.c.id, orders.c.total_minor)
        .having(orders.c.total_minor != total)
        .order_by(orders.c.id)
    )
    rule = "an order's total is the sum of its lines"
    return [Finding(rule, f"order {row.id}", int(row.lines), row.total_minor) for row in rows]


def wrong_vat(tx: Transaction) -> list[Finding]:
    """VAT is computed once per rate and order, half up."""
    gross, vat = func.sum(order_lines.c.gross_minor), func.sum(order_lines.c.vat_minor)
    rows = tx.execute(
        select(order_lines.c.order_id, order_lines.c.vat_rate_bp, gross.label("gross"), vat.label("vat"))
        .group_by(order_lines.c.order_id, order_lines.c.vat_rate_bp)
        .order_by(order_lines.c.order_id, order_lines.c.vat_rate_bp)
    )
    rule = "VAT of a rate's lines is that of their sum"
    return [
        Finding(rule, f"order {row.order_id} at {row.vat_rate_bp} bp", due, int(row.vat))
        for row in rows
        if (due := divide_half_up(int(row.gross) * row.vat_rate_bp, 10_000 + row.vat_rate_bp)) != row.vat
    ]


def missing_steps(tx: Transaction) -> list[Finding]:
    """The order itself holds when it was paid; every later state has a row."""
    step = select(order_steps.c.at).where(
        order_steps.c.order_id == orders.c.id, order_steps.c.state == orders.c.state
    )
    rows = tx.execute(
        select(orders.c.id, orders.c.state)
        .where(orders.c.state != "paid", ~step.exists())
        .order_by(orders.c.id)
    )
    rule = "every stage of an order has a time"
    return [Finding(rule, f"order {row.id}", f"step {row.state}", None) for row in rows]


def receipt_gaps(tx: Transaction) -> list[Finding]:
    count, last = func.count(orders.c.id), func.coalesce(func.max(orders.c.receipt_number), 0)
    rows = tx.execute(
        select(store_counters.c.store_id, store_counters.c.receipts, count.label("count"), last.label("last"))
        .join(orders, orders.c.store_id == store_counters.c.store_id, isouter=True)
        .group_by(store_counters.c.store_id, store_counters.c.receipts)
        .having(or_(store_counters.c.receipts != count, count != last))
        .order_by(store_counters.c.store_id)
    )
    rule = "a store's receipts are numbered without gaps"
    return [Finding(rule, f"store {row.store_id}", row.receipts, [row.count, row.last]) for row in rows]
