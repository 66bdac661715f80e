"""Named moments between the effects of an act, where a proof may stop the process. In a shop nobody listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Moment = Literal[
    "idempotency_claimed",
    "grant_used",
    "money_moved",
    "stock_sold",
    "before_commit",
    "committed",  # the payment; its answer is not sent yet
    "gateway_called",  # what it said is not written down yet
    "import_written",  # a catalogue; nothing of it is committed yet
    "webhook_sent",  # to an integrator; it is not marked as sent yet
    "outbox_sent",  # a message; it is not marked as sent yet
]


def nobody(_moment: Moment) -> None:
    pass


_listener: Callable[[Moment], None] = nobody


def listen(listener: Callable[[Moment], None]) -> None:
    """Only proofs call this; the listener may end the process."""
    global _listener
    _listener = listener


def reached(moment: Moment) -> None:
    _listener(moment)
