"""A paid checkout becomes an order: two inserts inside the payment's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from backend.clock import Ids
from backend.db.transaction import Transaction
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
    lines: Sequence[PlacedLine]


def place(tx: Transaction, order: NewOrder, *, ids: Ids, now: datetime) -> None:
    assert order.total_minor == sum(line.gross_minor for line in order.lines), order
    tx.execute(
        insert(orders).values(
            id=order.id,
            store_id=order.store_id,
            receipt_number=order.receipt_number,
            shopper_id=order.shopper_id,
            checkout_id=order.checkout_id,
            posting_id=order.posting_id,
            total_minor=order.total_minor,
            currency=order.currency,
            state=OrderState.PAID,
            pickup_tries=0,
            placed_at=now,
            changed_at=now,
        )
    )
    tx.execute(
        insert(order_lines).values(
            [
                {
                    "id": ids.uuid7(),
                    "order_id": order.id,
                    "sku": line.sku,
                    "name_en": line.name_en,
                    "name_ar": line.name_ar,
                    "quantity": line.quantity,
                    "packed": 0,
                    "unit_price_minor": line.unit_price_minor,
                    "gross_minor": line.gross_minor,
                    "vat_rate_bp": line.vat_rate_bp,
                    "vat_minor": line.vat_minor,
                }
                for line in order.lines
            ]
        )
    )
