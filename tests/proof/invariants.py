"""I1–I9: what must hold in the database after every proof, in SQL that knows nothing of the application's code.

Each statement finds what is wrong: no rows, no fault. What refers by text has no index: it is summed before the join.
"""

from __future__ import annotations

import re
import time

from sqlalchemy import Connection, Engine, text

from tests.proof.load import Log

SETTLE_S_MAX = 60  # after the load, nothing may wait in the outbox for longer
SHOWN_MAX = 3  # rows of a fault that are told

STATEMENTS = {
    "I1 on_hand is the sum of movements": """
        SELECT s.store_id, s.sku, s.on_hand, m.moved FROM stock s
        LEFT JOIN (SELECT store_id, sku, SUM(delta) AS moved FROM stock_movements GROUP BY store_id, sku) m
          ON m.store_id = s.store_id AND m.sku = s.sku
        WHERE s.on_hand <> COALESCE(m.moved, 0)""",
    "I1 0 ≤ reserved ≤ on_hand": """
        SELECT store_id, sku, on_hand, reserved FROM stock WHERE reserved < 0 OR reserved > on_hand""",
    "I1 reserved is the sum of live reservations": """
        SELECT s.store_id, s.sku, s.reserved, r.held FROM stock s
        LEFT JOIN (SELECT store_id, sku, SUM(quantity) AS held FROM reservations
                   WHERE state = 'live' GROUP BY store_id, sku) r
          ON r.store_id = s.store_id AND r.sku = s.sku
        WHERE s.reserved <> COALESCE(r.held, 0)""",
    "I2 entries of a posting sum to zero": """
        SELECT posting_id, currency, SUM(amount_minor) FROM entries
        GROUP BY posting_id, currency HAVING SUM(amount_minor) <> 0 OR COUNT(*) < 2""",
    "I2 a posting has entries": """
        SELECT p.id FROM postings p LEFT JOIN entries e ON e.posting_id = p.id WHERE e.id IS NULL""",
    "I2 a kept balance is the sum of its entries, and not below zero": """
        SELECT a.id, a.balance_minor, e.total FROM accounts a
        LEFT JOIN (SELECT account_id, SUM(amount_minor) AS total FROM entries GROUP BY account_id) e
          ON e.account_id = a.id
        WHERE a.balance_minor IS NOT NULL
          AND (a.balance_minor < 0 OR a.balance_minor <> COALESCE(e.total, 0))""",
    "I3 an order has one payment of its total": """
        SELECT o.id, o.total_minor, p.id, e.amount_minor FROM orders o
        LEFT JOIN postings p ON p.id = o.posting_id AND p.kind = 'payment'
        LEFT JOIN entries e ON e.posting_id = p.id AND e.amount_minor < 0
        LEFT JOIN accounts a ON a.id = e.account_id
        WHERE p.id IS NULL OR COALESCE(e.amount_minor, 0) <> -o.total_minor
           OR a.kind NOT IN ('wallet', 'card', 'suspense')""",
    "I3 a payment has its order": """
        SELECT p.id FROM postings p LEFT JOIN orders o ON o.posting_id = p.id
        WHERE p.kind = 'payment' AND o.id IS NULL""",
    "I3 a paid checkout has its order, and the other way round": """
        SELECT c.id, c.state, o.id FROM checkouts c LEFT JOIN orders o ON o.checkout_id = c.id
        WHERE (c.state = 'paid') <> (o.id IS NOT NULL)""",
    "I3 an order took exactly its pieces": """
        SELECT o.id, l.sku, l.ordered, m.taken FROM orders o
        JOIN (SELECT order_id, sku, SUM(quantity) AS ordered FROM order_lines GROUP BY order_id, sku) l
          ON l.order_id = o.id
        LEFT JOIN (SELECT reference, sku, SUM(-delta) AS taken FROM stock_movements
                   WHERE reason = 'sold' GROUP BY reference, sku) m
          ON m.reference = TEXT(o.checkout_id) AND m.sku = l.sku
        WHERE l.ordered <> COALESCE(m.taken, 0)""",
    "I3 goods leave with an order": """
        SELECT id, reference FROM stock_movements
        WHERE reason = 'sold' AND reference NOT IN (SELECT TEXT(checkout_id) FROM orders)""",
    "I4 an order's lines less discounts are its total": """
        SELECT o.id, o.total_minor, SUM(l.gross_minor), SUM(l.discount_minor)
        FROM orders o JOIN order_lines l ON l.order_id = o.id GROUP BY o.id, o.total_minor, o.discount_minor
        HAVING SUM(l.gross_minor - l.discount_minor) <> o.total_minor
            OR SUM(l.discount_minor) <> o.discount_minor""",
    "I4 an order has lines": """
        SELECT o.id FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id WHERE l.id IS NULL""",
    "I4 VAT of a rate is that of its paid sum, half up": """
        SELECT order_id, vat_rate_bp, vat, paid FROM (
          SELECT order_id, vat_rate_bp, SUM(vat_minor) AS vat,
            CAST(SUM(gross_minor - discount_minor) AS bigint) AS paid
          FROM order_lines GROUP BY order_id, vat_rate_bp) rates
        WHERE vat <> (2 * paid * vat_rate_bp + 10000 + vat_rate_bp) / (2 * (10000 + vat_rate_bp))""",
    "I5 receipt numbers are 1..n": """
        SELECT c.store_id, c.receipts, MIN(o.receipt_number), MAX(o.receipt_number), COUNT(o.id)
        FROM store_counters c LEFT JOIN orders o ON o.store_id = c.store_id
        GROUP BY c.store_id, c.receipts
        HAVING COUNT(o.id) <> c.receipts OR COUNT(DISTINCT o.receipt_number) <> c.receipts
            OR COALESCE(MAX(o.receipt_number), 0) <> c.receipts""",
    "I3 goods come back with a refund, to the shelf or to be thrown away": """
        SELECT d.id, d.sku, d.due, m.came FROM (
          SELECT r.id, l.sku, SUM(CASE WHEN r.goods = 'none' THEN 0 ELSE p.quantity END) AS due
          FROM refunds r JOIN refund_lines p ON p.refund_id = r.id JOIN order_lines l ON l.id = p.line_id
          GROUP BY r.id, r.goods, l.sku) d
        LEFT JOIN (SELECT reference, sku, SUM(delta) AS came FROM stock_movements
                   WHERE reason = 'returned' GROUP BY reference, sku) m
          ON m.reference = TEXT(d.id) AND m.sku = d.sku
        WHERE d.due <> COALESCE(m.came, 0)""",
    "I5 credit notes are 1..n": """
        SELECT c.store_id, c.credit_notes, MAX(r.number), COUNT(r.id)
        FROM store_counters c LEFT JOIN refunds r ON r.store_id = c.store_id
        GROUP BY c.store_id, c.credit_notes
        HAVING COUNT(r.id) <> c.credit_notes OR COUNT(DISTINCT r.number) <> c.credit_notes
            OR COALESCE(MAX(r.number), 0) <> c.credit_notes""",
    "I6 an order knows what was refunded": """
        SELECT o.id, o.refunded_minor, COALESCE(r.back, 0) FROM orders o
        LEFT JOIN (SELECT order_id, SUM(amount_minor) AS back FROM refunds GROUP BY order_id) r
          ON r.order_id = o.id
        WHERE o.refunded_minor <> COALESCE(r.back, 0) OR o.refunded_minor > o.total_minor""",
    "I6 a line gives back its pieces, its money and its VAT, and no more": """
        SELECT l.id, l.quantity, p.pieces, l.gross_minor - l.discount_minor, p.back FROM order_lines l
        JOIN (SELECT line_id, SUM(quantity) AS pieces, SUM(amount_minor) AS back, SUM(vat_minor) AS vat
              FROM refund_lines GROUP BY line_id) p ON p.line_id = l.id
        WHERE p.pieces > l.quantity OR p.pieces <> l.refunded OR p.back <> l.refunded_minor
           OR p.vat <> l.refunded_vat_minor OR p.back > l.gross_minor - l.discount_minor
           OR (p.pieces = l.quantity AND (p.back <> l.gross_minor - l.discount_minor OR p.vat <> l.vat_minor))""",
    "I6 a refund is one posting of its amount": """
        SELECT r.id, r.amount_minor, e.amount_minor FROM refunds r
        LEFT JOIN postings p ON p.id = r.posting_id AND p.kind = 'refund' AND p.reference = TEXT(r.id)
        LEFT JOIN entries e ON e.posting_id = p.id AND e.amount_minor > 0
        WHERE p.id IS NULL OR COALESCE(e.amount_minor, 0) <> r.amount_minor""",
    "I6 refunded is at most what was paid": """
        SELECT o.id, o.total_minor, SUM(r.amount_minor) FROM orders o JOIN refunds r ON r.order_id = o.id
        GROUP BY o.id, o.total_minor HAVING SUM(r.amount_minor) > o.total_minor""",
    "I7 an order was announced once": """
        SELECT o.id, b.times FROM orders o
        LEFT JOIN (SELECT subject, COUNT(*) AS times FROM outbox WHERE kind = 'payment.settled' GROUP BY subject) b
          ON b.subject = TEXT(o.id)
        WHERE COALESCE(b.times, 0) <> 1""",
    "I7 a refund was announced once": """
        SELECT o.id, r.given, b.told FROM orders o
        LEFT JOIN (SELECT order_id, COUNT(*) AS given FROM refunds GROUP BY order_id) r ON r.order_id = o.id
        LEFT JOIN (SELECT subject, COUNT(*) AS told FROM outbox WHERE kind = 'refund.made' GROUP BY subject) b
          ON b.subject = TEXT(o.id)
        WHERE COALESCE(r.given, 0) <> COALESCE(b.told, 0)""",
    "I7 event ids are 1..n": """
        SELECT c.store_id, c.events, COUNT(b.id), MAX(b.event_id) FROM store_counters c
        LEFT JOIN outbox b ON b.store_id = c.store_id AND b.event_id IS NOT NULL
        GROUP BY c.store_id, c.events
        HAVING COUNT(b.id) <> c.events OR COALESCE(MAX(b.event_id), 0) <> c.events""",
    "I9 a grant paid once": """
        SELECT grant_jti, COUNT(*) FROM checkouts WHERE grant_state = 'used'
        GROUP BY grant_jti HAVING COUNT(*) > 1""",
    "I9 a voucher was used as often as it says": """
        SELECT v.id, v.uses, COUNT(u.n) FROM vouchers v LEFT JOIN voucher_uses u ON u.voucher_id = v.id
        GROUP BY v.id, v.uses, v.uses_max HAVING COUNT(u.n) <> v.uses OR v.uses > v.uses_max""",
    "I9 a coupon was used as often as it says": """
        SELECT c.id, c.uses, COUNT(u.checkout_id) FROM coupons c LEFT JOIN coupon_uses u ON u.coupon_id = c.id
        GROUP BY c.id, c.uses, c.uses_max HAVING COUNT(u.checkout_id) <> c.uses OR c.uses > c.uses_max""",
    "I9 a cart was paid once": """
        SELECT cart_id, COUNT(*) FROM checkouts WHERE state = 'paid' GROUP BY cart_id HAVING COUNT(*) > 1""",
}


UNDONE = "SELECT COUNT(*) FROM outbox WHERE done_at IS NULL"


def broken(engine: Engine, log: Log, *, delivered: bool = True) -> list[str]:
    """One line a fault; none if all is well. delivered: a worker runs, so the outbox has to empty (I7)."""
    faults = [] if not delivered else undelivered(engine)
    with engine.connect() as connection:
        for rule, statement in STATEMENTS.items():
            rows = connection.execute(text(for_database(statement, connection))).all()
            if rows:
                faults.append(f"{rule}: {len(rows)} rows, {[tuple(row) for row in rows[:SHOWN_MAX]]}")
        return faults + against_the_log(connection, log)


def undelivered(engine: Engine) -> list[str]:
    give_up_at = time.monotonic() + SETTLE_S_MAX
    while True:
        with engine.connect() as connection:
            left = connection.execute(text(UNDONE)).scalar_one()
        if not left:
            return []
        if time.monotonic() > give_up_at:
            return [f"I7 {left} messages were not delivered within {SETTLE_S_MAX} s"]
        time.sleep(0.2)


def against_the_log(connection: Connection, log: Log) -> list[str]:
    """I8: every order that a client was told of is there, and none whose client was told no."""
    rows = connection.execute(
        text(for_database("SELECT TEXT(checkout_id), TEXT(id) FROM orders", connection))
    )
    there = {row[0]: row[1] for row in rows}
    faults = [
        f"I8 checkout {checkout} was answered with {sorted(orders)}, the database has {there.get(checkout)}"
        for checkout, orders in log.paid.items()
        if orders != {there.get(checkout)}
    ]
    silent = (log.refused - log.paid.keys()) & there.keys()
    return faults + [
        f"I8 checkout {checkout} was refused for good and yet has an order" for checkout in silent
    ]


def for_database(statement: str, connection: Connection) -> str:
    """TEXT(column): an identifier as people and references write it; SQLite stores its hex digits only."""
    if connection.dialect.name == "postgresql":
        return re.sub(r"TEXT\(([\w.]+)\)", r"CAST(\1 AS text)", statement)
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    pieces = " || '-' || ".join(rf"substr(\1, {start}, {length})" for start, length in parts)
    return re.sub(r"TEXT\(([\w.]+)\)", rf"({pieces})", statement)
