"""What follows a payment and need not hold its locks: the worker does it when it delivers the happening."""

from __future__ import annotations

from datetime import datetime

from backend.db import audit
from backend.db.outbox import Happening
from backend.db.transaction import Transaction
from backend.identity import pins


def after_payment(tx: Transaction, happening: Happening, *, now: datetime) -> None:
    """Audit and clear the PIN slot, once: the entry's id is the happening's, so a repeat finds it there.

    A repeat that cleared the slot again would give away tries that were taken since.
    """
    assert happening.shopper_id is not None
    first_time = audit.record(
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
    if first_time and happening.payload.get("method") != "card":  # that one cleared it when the PIN was right
        pins.was_right(tx, happening.shopper_id, happening.payload["device_id"])
