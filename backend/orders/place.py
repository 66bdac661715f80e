"""A paid checkout becomes an order: rows that go in with the payment's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from backend.clock import Ids
from backend.db.rows import New
from backend.orders.order import OrderState
from backend.orders.tables import order_lines, orders


@dataclass(frozen=True, slots=True)
class PlacedLine:
    sku: str
    name_en: str
    name_ar: str
    quantity: int
    unit_price_minor: int
    gross_minor: int
    vat_rate_bp: int
    vat_minor: int
    discount_minor: int = 0

    @staticmethod
    def of(line: Mapping[str, Any]) -> PlacedLine:
        """From a checkout's frozen line; one frozen before there were discounts says nothing of them."""
        return PlacedLine(**{name: line[name] for name in LINE_FIELDS if name in line})


LINE_FIELDS = tuple(field.name for field in fields(PlacedLine))


@dataclass(frozen=True, slots=True)
class NewOrder:
    id: str
    store_id: str
    receipt_number: int
    shopper_id: str
    checkout_id: str
    posting_id: str
    total_minor: int
    currency: str
    method: str
    age_min: int | None  # staff look when they hand it over
    lines: Sequence[PlacedLine]

    def rows(self, *, ids: Ids, now: datetime) -> tuple[New, New]:
        """The order's and its lines'."""
        discount = sum(line.discount_minor for line in self.lines)
        assert self.total_minor == sum(line.gross_minor for line in self.lines) - discount, self
        order = {
            "id": self.id,
            "store_id": self.store_id,
            "receipt_number": self.receipt_number,
            "shopper_id": self.shopper_id,
            "checkout_id": self.checkout_id,
            "posting_id": self.posting_id,
            "total_minor": self.total_minor,
            "discount_minor": discount,
            "currency": self.currency,
            "method": self.method,
            "age_min": self.age_min,
            "state": OrderState.PAID,
            "pickup_tries": 0,
            "placed_at": now,
            "changed_at": now,
        }
        lines = [
            {"id": ids.uuid7(), "order_id": self.id, "packed": 0}
            | {name: getattr(line, name) for name in LINE_FIELDS}
            for line in self.lines
        ]
        return (orders, [order]), (order_lines, lines)
