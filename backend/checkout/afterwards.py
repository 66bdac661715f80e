"""What follows a payment and need not hold its locks: the worker does it when it delivers the happening.

Where the worker is behind, the next payment does it, so that right PINs never lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from backend.db import audit, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.identity import pins


def after_payments(tx: Transaction, settled: Sequence[Happening], *, now: datetime) -> None:
    """In the order of their shoppers, so that no two workers wait for each other in a circle."""
    for happening in sorted(settled, key=lambda one: (one.shopper_id or "", one.id)):
        after_payment(tx, happening, now=now)


def after_payment(tx: Transaction, happening: Happening, *, now: datetime) -> bool:
    """Audit and clear the PIN slot; False if that was done: the entry has the happening's id, a repeat finds it.

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
    return first_time


def catch_up(tx: Transaction, shopper_id: str, *, now: datetime) -> bool:
    """Clears the slots of right PINs whose payments nobody has told yet; False if there were none."""
    waiting = outbox.undelivered(tx, Kind.PAYMENT_SETTLED, shopper_id)
    cleared = [after_payment(tx, happening, now=now) for happening in waiting]
    return any(cleared)  # after all of them, not at the first
