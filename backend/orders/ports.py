"""What orders ask of the outside."""

from __future__ import annotations

from typing import Protocol

from backend.orders.einvoice import Stamp
from backend.orders.receipt import Receipt


class InvoiceStamper(Protocol):
    """Slow: a signing device, registered with the tax authority, seals a simplified invoice."""

    def stamp(self, receipt: Receipt) -> Stamp:
        """The same receipt, or credit note, gets the same stamp."""
        ...
