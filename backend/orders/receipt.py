"""What stands on the receipt of an order: the sale as it was, whatever is refunded later.

A credit note says the same of what is taken back (`backend/checkout/credit_notes.py`), so it is a receipt as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import sellers, stores
from backend.inventory.sellers import Seller
from backend.inventory.stores import Store
from backend.money import vat_by_rate
from backend.orders.tables import order_lines, orders


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    name_en: str
    name_ar: str
    quantity: int
    unit_price_minor: int
    gross_minor: int
    discount_minor: int
    vat_rate_bp: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class Credits:
    """What a credit note takes back a part of, and why."""

    receipt_number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Receipt:
    store: Store
    seller: Seller | None
    shopper_id: str
    number: int  # credit notes have a series of their own
    at: datetime
    method: str  # wallet or card
    total_minor: int  # paid, or paid back; VAT included
    currency: str
    lines: tuple[ReceiptLine, ...]
    credits: Credits | None = None  # None: a sale

    @property
    def vat_minor(self) -> int:
        return sum(line.vat_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        return sum(line.discount_minor for line in self.lines)

    @property
    def vat_by_rate(self) -> dict[int, int]:
        return dict(sorted(vat_by_rate((line.vat_rate_bp, line.vat_minor) for line in self.lines).items()))


def receipt_of(tx: Transaction, order_id: str) -> Receipt:
    """Raises Refusal order_not_found."""
    order = tx.execute(select(orders).where(orders.c.id == order_id)).one_or_none()
    if order is None:
        raise Refusal("order_not_found")
    columns = [order_lines.c[name] for name in ReceiptLine.__slots__]
    lines = tx.execute(select(*columns).where(order_lines.c.order_id == order_id).order_by(order_lines.c.id))
    return Receipt(
        store=stores.by_id(tx, order.store_id),
        seller=sellers.seller_of(tx, order.store_id),
        shopper_id=order.shopper_id,
        number=order.receipt_number,
        at=order.placed_at,
        method=order.method,
        total_minor=order.total_minor,
        currency=order.currency,
        lines=tuple(ReceiptLine(*line) for line in lines),
    )
