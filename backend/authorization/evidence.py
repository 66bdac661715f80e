"""A fact about a person, made by one factor and bound to one checkout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Factor(StrEnum):
    DEVICE = "device"  # a key that this shopper enrolled signed the request
    FACE_MATCH = "face_match"
    PASSWORD = "password"  # noqa: S105 - the name of a factor
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class Evidence:
    factor: Factor
    subject: str  # the shopper
    bound_to: str  # the checkout; evidence of one never counts for another
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)  # model, rounded probability; never a secret

    def to_json(self) -> dict[str, Any]:
        return {
            "factor": str(self.factor),
            "subject": self.subject,
            "bound_to": self.bound_to,
            "at": self.at.isoformat(),
            "details": dict(self.details),
        }

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Evidence:
        return Evidence(
            factor=Factor(stored["factor"]),
            subject=stored["subject"],
            bound_to=stored["bound_to"],
            at=datetime.fromisoformat(stored["at"]),
            details=stored["details"],
        )
