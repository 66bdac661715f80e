"""What follows a payment and need not hold its locks: the worker does it when it delivers the happening."""

from __future__ import annotations

from datetime import datetime

from backend.db import audit
from backend.db.outbox import Happening
from backend.db.transaction import Transaction
from backend.identity import locks, pins


def after_payment(tx: Transaction, happening: Happening, *, now: datetime) -> None:
    """Clear the PIN slot and audit; harmless when done twice (the entry's id is the happening's)."""
    assert happening.shopper_id is not None
    locks.clear(tx, pins.lock_subject(happening.shopper_id, happening.payload["device_id"]))
    audit.record(
        tx,
        entry_id=happening.id,
        at=now,
        actor=f"shopper:{happening.shopper_id}",
        action="payment.settled",
        subject=happening.subject,
        details={
            "amount_minor": happening.payload["total_minor"],
            "currency": happening.payload["currency"],
        },
    )
