"""Reconcile: a shop that did its work passes, and each planted corruption is found and named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from backend.checkout.mismatch import Mismatch, record_mismatch
from backend.db import audit, outbox
from backend.db.transaction import Runner, Transaction
from backend.operations.reconcile import check_rooms, reconcile
from tests.backend.checkout.till import Buyer, a_buyer
from tests.backend.inventory.shelf import IDS, NOON
from tests.backend.orders.counter import Counter, a_paid_order

# Room and rule that must find it, then what somebody did to the database behind the shop's back.
PLANTED = {
    "entry": ("ledger", "sum to zero", "UPDATE entries SET amount_minor = amount_minor + 1"),
    "entries gone": ("ledger", "has entries", "DELETE FROM entries"),
    "balance": ("ledger", "balance", "UPDATE accounts SET balance_minor = 7 WHERE kind = 'wallet'"),
    "currency": ("ledger", "currency", "UPDATE entries SET currency = 'USD'"),
    "on hand": ("inventory", "on hand", "UPDATE stock SET on_hand = on_hand + 1"),
    "reserved": ("inventory", "reserved", "UPDATE stock SET reserved = reserved + 1"),
    "reservation": ("carts", "live reservation", "UPDATE carts SET state = 'expired'"),
    "total": ("orders", "total", "UPDATE orders SET total_minor = total_minor + 1"),
    "vat": ("orders", "VAT", "UPDATE order_lines SET vat_minor = vat_minor - 1 WHERE vat_rate_bp > 0"),
    "step": ("orders", "stage", "DELETE FROM order_steps"),
    "receipt": ("orders", "receipts", "UPDATE orders SET receipt_number = receipt_number + 1000"),
    "counter": ("orders", "receipts", "UPDATE store_counters SET receipts = receipts + 1"),
    "checkout": ("checkout", "has an order", "UPDATE checkouts SET state = 'cancelled' WHERE state = 'paid'"),
    "agreement": ("checkout", "agreed", "UPDATE checkouts SET total_minor = total_minor + 1"),
    "payment": ("checkout", "one posting", "UPDATE postings SET reference = reference || 'x' WHERE kind = 'payment'"),
    "refund": ("checkout", "money back", "UPDATE refunds SET amount_minor = amount_minor - 1"),
    "refund gone": ("checkout", "posting has a refund", "DELETE FROM refunds"),
    "goods": ("checkout", "pieces sold", "UPDATE stock_movements SET reason = 'counted' WHERE reason = 'sold'"),
    "goods back": ("checkout", "pieces returned", "UPDATE stock_movements SET delta = 9 WHERE reason = 'returned'"),
    "audit": ("db", "audit chain", "UPDATE audit_entries SET actor = 'somebody else'"),
    "message": ("db", "delivered", "UPDATE outbox SET attempts = 12, last_error = 'no' WHERE event_id IS NULL"),
    "events": ("db", "without gaps", "UPDATE store_counters SET events = events + 1"),
}  # fmt: skip


@pytest.fixture
def shop(run: Runner) -> Buyer:
    """Topped up, one order handed over, one refunded, one cart still open, everything delivered."""
    buyer = a_buyer(run)
    counter = Counter(buyer)
    counter.hand_over(counter.readied(a_paid_order(buyer, "DATES", "BREAD")))
    lost = counter.readied(a_paid_order(buyer, "WATER", "BREAD"))
    command = Mismatch(lost.id, "bag of another", refund=True)
    run(lambda tx: record_mismatch(tx, command, staff=counter.staff, ids=IDS, now=NOON))
    buyer.scan("WATER")
    run(lambda tx: audit.chain(tx))
    for claimed in run(lambda tx: outbox.claim(tx, now=NOON, limit=1000)):
        run(lambda tx, claimed=claimed: outbox.done(tx, claimed, now=NOON))
    return buyer


def test_a_shop_that_did_its_work_passes(shop: Buyer) -> None:
    report = reconcile(shop.run, now=NOON)
    assert report.to_json() == {"ok": True, "rooms": {room: [] for room in report.findings}}
    assert report.to_lines() == [f"ok     {room}" for room in report.findings]


def test_every_planted_corruption_is_found_and_named(shop: Buyer) -> None:
    missed = {}
    for name, (room, rule, damage) in PLANTED.items():
        with shop.run.engine.connect() as connection:  # never committed: the next damage finds a clean shop
            connection.exec_driver_sql("BEGIN") if connection.dialect.name == "sqlite" else None
            unguard(connection)
            assert connection.execute(text(damage)).rowcount > 0, name
            report = check_rooms(connection, now=NOON)
            connection.rollback()
        if not any(rule in finding.rule for finding in report.findings[room]):
            missed[name] = report.to_lines()
    assert missed == {}
    assert reconcile(shop.run, now=NOON).ok


def test_a_message_without_a_worker_is_found(shop: Buyer) -> None:
    shop.top_up(5_00)
    assert reconcile(shop.run, now=NOON).ok
    late = reconcile(shop.run, now=NOON + timedelta(minutes=11))
    assert [finding.found for finding in late.findings["db"]] == ["waiting"]
    assert not late.ok


def unguard(tx: Transaction) -> None:
    """Whoever can plant a corruption can also take the guards off."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        return
    for table in ("entries", "postings"):
        for change in ("update", "delete"):
            tx.execute(text(f"DROP TRIGGER {table}_no_{change}"))
