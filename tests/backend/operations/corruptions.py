# ruff: noqa: S608 - the statements are ours
"""What somebody may do to a database behind the shop's back, and what reconcile must say to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import RowMapping, text
from sqlalchemy.exc import DBAPIError

from backend.db.checks import audit_chain
from backend.db.findings import Finding, Scope
from backend.db.transaction import Runner, Transaction
from backend.operations.reconcile import ROOMS, check_rooms


@dataclass(frozen=True)
class Corruption:
    """`subject` selects the key of the row that must be named and, as row_…, what else `damage` needs."""

    name: str
    kind: str
    subject: str
    damage: str

    def plant(self, tx: Transaction) -> str:
        """Returns the subject as reconcile names it, plain."""
        row = tx.execute(text(f"{self.subject} LIMIT 1")).mappings().first()
        assert row is not None, f"{self.name}: nothing to damage"
        for statement in self.damage.split(";"):
            given = {name: value for name, value in row.items() if f":{name}" in statement}
            assert tx.execute(text(statement), given).rowcount > 0, self.name
        return key(row)


def key(row: RowMapping) -> str:
    return plain("/".join(str(value) for name, value in row.items() if not name.startswith("row_")))


def plain(subject: str) -> str:
    """SQLite keeps ids without hyphens and times without their zone."""
    return re.sub(r"-|\.0{6}|\+00:00", "", subject)


def unguard(tx: Transaction) -> None:
    """Whoever can plant a corruption can also take the guards off."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        return
    tx.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    for table in ("entries", "postings"):
        for change in ("update", "delete"):
            tx.execute(text(f"DROP TRIGGER {table}_no_{change}"))


SOLD = "FROM stock_movements WHERE reason = 'sold'"
MOVED = "SELECT replace(reference, '-', '') AS reference, store_id, sku, id AS row_id " + SOLD
PAYMENT = "SELECT id FROM postings WHERE kind = 'payment'"
WALLET_ENTRY = (
    "SELECT account_id, entries.id AS row_id FROM entries JOIN accounts ON accounts.id = account_id "
    "WHERE accounts.kind = 'wallet'"
)
NEW = "'00000000000000000000000000000001'"

CORRUPTIONS = tuple(
    Corruption(*each)
    for each in (
        ("a top-up called its opposite", "topup", "SELECT id FROM postings WHERE kind = 'topup'",
         "UPDATE entries SET amount_minor = -amount_minor WHERE posting_id = :id"),
        ("a payout called its opposite", "payout", "SELECT id FROM postings WHERE kind = 'payout'",
         "UPDATE entries SET amount_minor = -amount_minor WHERE posting_id = :id"),
        ("a use of a voucher forgotten", "voucher_uses", "SELECT id FROM vouchers WHERE uses > 0",
         "UPDATE vouchers SET uses = uses - 1 WHERE id = :id"),
        ("a voucher worth more than its cash", "voucher_issued", "SELECT id FROM vouchers",
         "UPDATE vouchers SET value_minor = value_minor + 1 WHERE id = :id"),
        ("a use that brought nothing", "voucher_redeemed",
         "SELECT voucher_id, n, posting_id AS row_posting FROM voucher_uses",
         "DELETE FROM entries WHERE posting_id = :row_posting"),
        ("a closing of another till", "closing", "SELECT id FROM closings",
         "UPDATE closings SET expected_minor = expected_minor + 1 WHERE id = :id"),
        ("a closing without its row", "cash_posting_orphan", "SELECT posting_id FROM closings",
         "DELETE FROM closings WHERE posting_id = :posting_id"),
        ("a piece too many on the shelf", "stock_on_hand", "SELECT store_id, sku FROM stock",
         "UPDATE stock SET on_hand = on_hand + 1 WHERE store_id = :store_id AND sku = :sku"),
        ("a piece too few on the shelf", "stock_on_hand", "SELECT store_id, sku FROM stock WHERE on_hand > reserved",
         "UPDATE stock SET on_hand = on_hand - 1 WHERE store_id = :store_id AND sku = :sku"),
        ("a piece held for nobody", "stock_reserved", "SELECT store_id, sku FROM stock WHERE on_hand > reserved",
         "UPDATE stock SET reserved = reserved + 1 WHERE store_id = :store_id AND sku = :sku"),
        ("a reservation of a dead cart", "reservation_orphan",
         "SELECT line_id, cart_id AS row_cart FROM reservations WHERE state = 'live'",
         "UPDATE carts SET state = 'expired' WHERE id = :row_cart"),
        ("a reservation without its line", "reservation_orphan",
         "SELECT line_id FROM reservations WHERE state = 'live'", "DELETE FROM cart_lines WHERE id = :line_id"),
        ("a movement doubled", "stock_on_hand", f"SELECT store_id, sku, id AS row_id {SOLD}",
         f"INSERT INTO stock_movements (id, store_id, sku, delta, reason, reference, at) SELECT {NEW}, store_id, sku, "
         "delta, reason, reference, at FROM stock_movements WHERE id = :row_id"),
        ("a movement lost", "goods_sold", MOVED, "DELETE FROM stock_movements WHERE id = :row_id"),
        ("a sale of nothing", "goods_sold", f"SELECT 'x' AS reference, store_id, sku, id AS row_id {SOLD}",
         "UPDATE stock_movements SET reference = 'x' WHERE id = :row_id"),
        ("a sale called a count", "goods_sold", MOVED,
         "UPDATE stock_movements SET reason = 'counted' WHERE id = :row_id"),
        ("goods that never came back", "goods_returned",
         MOVED.replace("sold", "returned"), "DELETE FROM stock_movements WHERE id = :row_id"),
        ("an entry changed", "entries_unbalanced", "SELECT posting_id, id AS row_id FROM entries",
         "UPDATE entries SET amount_minor = amount_minor + 1 WHERE id = :row_id"),
        ("an entry lost", "entries_unbalanced", "SELECT posting_id, id AS row_id FROM entries",
         "DELETE FROM entries WHERE id = :row_id"),
        ("an entry doubled", "wallet_balance", WALLET_ENTRY,
         "INSERT INTO entries (id, posting_id, account_id, amount_minor, currency) "
         f"SELECT {NEW}, posting_id, account_id, amount_minor, currency FROM entries WHERE id = :row_id"),
        ("a posting without entries", "entries_missing", PAYMENT, "DELETE FROM entries WHERE posting_id = :id"),
        ("an entry of another currency", "entry_currency", "SELECT id FROM entries",
         "UPDATE entries SET currency = 'USD' WHERE id = :id"),
        ("money in a wallet from nowhere", "wallet_balance", "SELECT id FROM accounts WHERE kind = 'wallet'",
         "UPDATE accounts SET balance_minor = balance_minor + 1 WHERE id = :id"),
        ("an order paid with another amount", "payment", "SELECT id, posting_id AS row_posting FROM orders",
         "UPDATE entries SET amount_minor = amount_minor * 2 WHERE posting_id = :row_posting"),
        ("an order paid by what paid for another", "payment", "SELECT id, posting_id AS row_posting FROM orders",
         "UPDATE postings SET reference = 'another' WHERE id = :row_posting"),
        ("a payment without an order", "payment_orphan", PAYMENT,
         f"UPDATE orders SET posting_id = {NEW} WHERE posting_id = :id"),
        ("an order's total changed", "order_total", "SELECT id FROM orders",
         "UPDATE orders SET total_minor = total_minor + 1 WHERE id = :id"),
        ("an order's discount changed", "order_total", "SELECT id FROM orders",
         "UPDATE orders SET discount_minor = discount_minor + 1 WHERE id = :id"),
        ("a line's VAT changed", "order_vat",
         "SELECT order_id, vat_rate_bp, id AS row_id FROM order_lines WHERE vat_minor > refunded_vat_minor",
         "UPDATE order_lines SET vat_minor = vat_minor - 1 WHERE id = :row_id"),
        ("a stage without a time", "order_step_missing",
         "SELECT id FROM orders WHERE state <> 'paid'", "DELETE FROM order_steps WHERE order_id = :id"),
        ("a receipt number left out", "receipt_gap", "SELECT store_id, id AS row_id FROM orders",
         "UPDATE orders SET receipt_number = receipt_number + 1000 WHERE id = :row_id"),
        ("a receipt number to be given again", "receipt_gap", "SELECT store_id FROM store_counters WHERE receipts > 0",
         "UPDATE store_counters SET receipts = receipts - 1 WHERE store_id = :store_id"),
        ("a credit note that nobody has", "credit_note_gap", "SELECT store_id FROM store_counters",
         "UPDATE store_counters SET credit_notes = credit_notes + 1 WHERE store_id = :store_id"),
        ("a paid checkout called cancelled", "checkout_state", "SELECT id FROM checkouts WHERE state = 'paid'",
         "UPDATE checkouts SET state = 'cancelled' WHERE id = :id"),
        ("a checkout of another amount", "order_agreement", "SELECT id, checkout_id AS row_checkout FROM orders",
         "UPDATE checkouts SET total_minor = total_minor + 1 WHERE id = :row_checkout"),
        ("an order whose checkout is gone", "order_agreement", "SELECT id, checkout_id AS row_checkout FROM orders",
         "DELETE FROM checkouts WHERE id = :row_checkout"),
        ("a promotion that took nothing off", "order_discount",
         "SELECT id, checkout_id AS row_checkout FROM orders WHERE discount_minor > 0",
         "UPDATE checkouts SET discounts = '[]' WHERE id = :row_checkout"),
        ("a use of a coupon forgotten", "coupon_uses", "SELECT id FROM coupons WHERE uses > 0",
         "UPDATE coupons SET uses = uses - 1 WHERE id = :id"),
        ("a coupon that a dead checkout kept", "coupon_kept", "SELECT checkout_id FROM coupon_uses",
         "UPDATE checkouts SET state = 'cancelled' WHERE id = :checkout_id"),
        ("a refund of another amount", "refund", "SELECT id FROM refunds WHERE amount_minor > 1",
         "UPDATE refunds SET amount_minor = amount_minor - 1 WHERE id = :id"),
        ("a refund of another part", "refund_parts",
         "SELECT refund_id FROM refund_lines WHERE amount_minor > vat_minor",
         "UPDATE refund_lines SET amount_minor = amount_minor - 1 WHERE refund_id = :refund_id"),
        ("a line that forgot its refund", "line_refunds", "SELECT id FROM order_lines WHERE refunded > 0",
         "UPDATE order_lines SET refunded = 0, refunded_minor = 0, refunded_vat_minor = 0 WHERE id = :id"),
        ("an order that forgot its refund", "order_refunds", "SELECT id FROM orders WHERE refunded_minor > 0",
         "UPDATE orders SET refunded_minor = 0 WHERE id = :id"),
        ("goods that nobody saw thrown away", "goods_thrown_away",
         MOVED.replace("sold", "written_off"), "DELETE FROM stock_movements WHERE id = :row_id"),
        ("money back without a refund", "refund_orphan", "SELECT posting_id FROM refunds",
         "DELETE FROM refunds WHERE posting_id = :posting_id"),
        ("a payment that nobody was told of", "message_missing",
         "SELECT id, checkout_id AS row_checkout FROM orders",
         "UPDATE outbox SET kind = 'order.ready' WHERE kind = 'payment.settled' AND "
         "replace(subject, '-', '') = (SELECT replace(CAST(id AS VARCHAR(36)), '-', '') FROM orders "
         "WHERE checkout_id = :row_checkout)"),
        ("a message given up", "message_stuck", "SELECT id FROM outbox",
         "UPDATE outbox SET attempts = 12, last_error = 'no' WHERE id = :id"),
        ("an event lost", "event_gap", "SELECT store_id, id AS row_id FROM outbox WHERE event_id IS NOT NULL",
         "DELETE FROM outbox WHERE id = :row_id"),
        ("an event announced and never given", "event_gap", "SELECT store_id FROM store_counters",
         "UPDATE store_counters SET events = events + 1 WHERE store_id = :store_id"),
        ("a past hour of more sales", "sales_hour", "SELECT store_id, begins_at FROM sales_hours",
         "UPDATE sales_hours SET gross_minor = gross_minor + 1 WHERE store_id = :store_id AND begins_at = :begins_at"),
        ("a past day's product sold once more", "sales_product", "SELECT store_id, day, sku FROM sales_products",
         "UPDATE sales_products SET pieces = pieces + 1 WHERE store_id = :store_id AND day = :day AND sku = :sku"),
        ("a past day of more refunds", "sales_day", "SELECT store_id, day FROM sales_days",
         "UPDATE sales_days SET refunds = refunds + 1 WHERE store_id = :store_id AND day = :day"),
        ("an audit entry of another hand", "audit_chain", "SELECT id FROM audit_entries",
         "UPDATE audit_entries SET actor = 'somebody else' WHERE id = :id"),
        ("an audit entry lost", "audit_chain",
         "SELECT later.id, gone.id AS row_gone FROM audit_entries gone "
         "JOIN audit_entries later ON later.position = gone.position + 1",
         "DELETE FROM audit_entries WHERE id = :row_gone"),
        ("an answer that names another order", "stored_answer",
         "SELECT owner, key FROM idempotency_records WHERE status = 201 AND route LIKE '%/pay'",
         "UPDATE idempotency_records SET body = '{\"order\": {\"id\": \"another\"}}' "
         "WHERE owner = :owner AND key = :key"),
        ("a card charged with more than is booked", "card_booked",
         "SELECT checkout_id FROM card_payments WHERE state = 'captured'",
         "UPDATE card_payments SET amount_minor = amount_minor + 1 WHERE checkout_id = :checkout_id"),
        ("money captured from nobody", "card_orphan", "SELECT id FROM postings WHERE kind = 'capture'",
         "UPDATE postings SET reference = 'another' WHERE id = :id"),
        ("a paid card called open", "card_state", "SELECT checkout_id FROM card_payments WHERE state = 'captured'",
         "UPDATE card_payments SET state = 'pending' WHERE checkout_id = :checkout_id"),
        ("a card that nobody asked about", "card_overdue",
         "SELECT checkout_id FROM card_payments WHERE state = 'pending'",
         "UPDATE checkouts SET expires_at = '2026-01-01 00:00:00' WHERE id = :checkout_id"),
        ("money that the gateway keeps", "card_refund_refused", "SELECT id FROM refunds",
         "UPDATE refunds SET state = 'failed' WHERE id = :id"),
        ("another amount made good than was refunded", "refund_in_wallet",
         "SELECT id FROM refunds WHERE method = 'card' AND state = 'wallet'",
         "UPDATE refunds SET amount_minor = amount_minor + 1 WHERE id = :id"),
        ("a wallet filled for no refund", "refund_in_wallet_orphan",
         "SELECT id FROM postings WHERE kind = 'make_good'",
         "UPDATE postings SET reference = 'another' WHERE id = :id"),
        ("word of a payment that is not ours", "gateway_event_strange", "SELECT id FROM gateway_events",
         "UPDATE gateway_events SET state = 'strange' WHERE id = :id"),
    )
)  # fmt: skip

# What the tables themselves refuse, whoever asks.
STOPPED = {
    "more held than is there": "UPDATE stock SET reserved = on_hand + 1",
    "fewer than none on the shelf": "UPDATE stock SET on_hand = -1, reserved = -1",
    "a wallet below zero": "UPDATE accounts SET balance_minor = -1 WHERE kind = 'wallet'",
    "an entry changed": "UPDATE entries SET amount_minor = amount_minor + 1",
    "an entry taken out": "DELETE FROM entries",
    "a posting changed": "UPDATE postings SET reference = 'another'",
    "a posting that does not sum to zero": "INSERT INTO entries (id, posting_id, account_id, amount_minor, currency) "
    f"SELECT {NEW}, posting_id, account_id, 1, currency FROM entries LIMIT 1",
    "two orders of a checkout": "UPDATE orders SET checkout_id = (SELECT checkout_id FROM orders LIMIT 1)",
    "two orders of a payment": "UPDATE orders SET posting_id = (SELECT posting_id FROM orders LIMIT 1)",
    "a receipt number twice": "UPDATE orders SET receipt_number = 1",
    "an event number twice": "UPDATE outbox SET event_id = 1 WHERE store_id IS NOT NULL",
    "two checkouts of a cart": "UPDATE checkouts SET state = 'open', cart_id = (SELECT cart_id FROM checkouts LIMIT 1)",
    "two open carts of a shopper": "UPDATE carts SET state = 'open'",
    "a grant used twice": "UPDATE checkouts SET grant_jti = 'one for all'",
    "more packed than bought": "UPDATE order_lines SET packed = quantity + 1",
    "more refunded than paid": "UPDATE orders SET refunded_minor = total_minor + 1",
    "more pieces refunded than bought": "UPDATE order_lines SET refunded = quantity + 1",
    "a line that costs another amount": "UPDATE order_lines SET gross_minor = gross_minor + 1",
    "a voucher used once too often": "UPDATE vouchers SET uses = uses_max + 1",
    "a coupon used once too often": "UPDATE coupons SET uses = uses_max + 1",
    "a coupon used by one shopper once too often": "UPDATE coupon_uses SET n = per_shopper_max + 1",
    "a state that there is not": "UPDATE orders SET state = 'lost'",
}
SUMS_ARE_CHECKED_AT = "postgresql"  # SQLite has no trigger that waits for the end of a transaction


def is_stopped(run: Runner, name: str) -> bool:
    if "sum to zero" in name and run.engine.dialect.name != SUMS_ARE_CHECKED_AT:
        return True

    def spoil(tx: Transaction) -> None:
        assert tx.execute(text(STOPPED[name])).rowcount > 0, name
        if run.engine.dialect.name == "postgresql":
            tx.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        raise NotStopped

    try:
        run(spoil)
    except NotStopped:
        return False
    except DBAPIError:
        return True
    raise AssertionError("unreachable")


class NotStopped(Exception):
    """Nothing is committed."""


def discover(
    run: Runner, corruption: Corruption, scope: Scope, *, whole: bool = False
) -> tuple[str, list[Finding]]:
    """What the rule of its kind finds, or the whole of reconcile.

    Never committed, so that the next damage finds a clean shop.
    """
    with run.engine.connect() as tx:
        if tx.dialect.name == "sqlite":
            tx.exec_driver_sql("BEGIN")
        unguard(tx)
        subject = corruption.plant(tx)
        rooms = check_rooms([tx], scope).findings.values() if whole else [by_rule(tx, corruption.kind, scope)]
        tx.rollback()
    return subject, [finding for found in rooms for finding in found]


def by_rule(tx: Transaction, kind: str, scope: Scope) -> list[Finding]:
    return RULES[kind].ask(tx, scope) if kind in RULES else audit_chain(tx, scope)


RULES = {rule.kind: rule for rules in ROOMS.values() for rule in rules}


def named(found: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.kind, plain(finding.subject)) for finding in found}
