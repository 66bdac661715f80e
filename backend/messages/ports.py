"""What messages asks of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Push:
    """One message for one device. `data` is for the application; without title and body nothing shows."""

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
    worth_repeating: bool = False  # the service was away or busy; the message itself is fine
    ticket_id: str = ""


class Notifier(Protocol):
    """Slow: never called while rows are locked. Never raises: what went wrong is in the outcome."""

    def send(self, push: Push) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Reply:
    status: int | None  # None: no answer
    error: str = ""

    @property
    def took_it(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class WebhookSender(Protocol):
    """Slow: never called while rows are locked. Never raises, never follows a redirect."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply: ...
