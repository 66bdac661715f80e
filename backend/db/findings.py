"""What `smartpay reconcile` reports; every room that keeps figures has a `checks.py` that gives these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that differs from what other rows say it must be."""

    rule: str  # a sentence that should be true
    subject: str  # which row, by its key
    expected: Any
    found: Any
