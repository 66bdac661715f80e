"""What a policy may look at besides the evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    channel: str
    checkout_id: str
    shopper_id: str
    store_id: str
    amount_minor: int
    currency: str
