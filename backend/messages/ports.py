"""What messages asks of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Push:
    """One message for one device. `title` and `body` are for people; `data` is for the application."""

    push_token: str
    title: str
    body: str
    data: Mapping[str, Any]
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Outcome:
    sent: bool
    device_gone: bool = False  # the token is no longer registered
    error: str = ""
    ticket_id: str = ""


class Notifier(Protocol):
    """Slow: never called while rows are locked."""

    def send(self, push: Push) -> Outcome: ...
