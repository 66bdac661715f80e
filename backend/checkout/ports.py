"""What checkout asks of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Sealer(Protocol):
    """Signs grants (ES256) and seals messages to a device (ECDH-ES, A256GCM); fast, holds no rows."""

    def sign_grant(self, claims: Mapping[str, Any]) -> str:
        """Compact JWS, typ grant+jwt."""
        ...

    def open_grant(self, grant: str) -> dict[str, Any]:
        """Claims of a grant that we signed. Raises Refusal("payment_not_authorised") for anything else."""
        ...

    def seal(self, content: str, jwk_enc: Mapping[str, Any], *, content_type: str) -> str:
        """Compact JWE that only the holder of the device's private key opens."""
        ...


class IntentState(StrEnum):
    """In the order in which one may follow the other."""

    PENDING = "pending"
    FAILED = "failed"  # the last try was declined; the next may succeed
    CANCELLED = "cancelled"
    CAPTURED = "captured"


@dataclass(frozen=True, slots=True)
class Intent:
    """A card payment as the gateway has it."""

    ref: str
    state: IntentState
    amount_minor: int  # captured, or still to be
    currency: str
    checkout_id: str | None  # None: not begun by us
    client_secret: str | None = field(default=None, repr=False)  # lets its holder confirm the payment


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """What the gateway told unasked: at least once, in any order."""

    id: str
    type: str
    intent: Intent | None = None  # None: about something else, or of another account
    refund: str | None = None  # its key, where it tells that this one failed after all


class PaymentGateway(Protocol):
    """Slow: never called while rows are locked. Each call may be repeated; what was done is not done twice.

    Raises Refusal gateway_unavailable (nothing is known of what became of the call) or card_unavailable (it was
    refused, and will be again).
    """

    name: str

    def create(self, checkout_id: str, amount_minor: int, currency: str) -> Intent:
        """The one intent of this checkout."""
        ...

    def find(self, ref: str) -> Intent: ...

    def cancel(self, ref: str) -> Intent:
        """As it is afterwards: captured, if that came first."""
        ...

    def refund(self, key: str, ref: str, amount_minor: int) -> bool:
        """Once per key. False: the gateway will not. After a True it may still fail: an event tells."""
        ...

    def read_event(self, raw: bytes, signature: str, *, now: datetime) -> GatewayEvent:
        """Asks nobody. Raises Refusal webhook_refused unless the gateway signed these very bytes just now."""
        ...
