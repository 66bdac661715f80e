"""Who sells in a store, as the tax authority knows them: what a receipt must name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass

from sqlalchemy import select, update

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.tables import stores

NAME_BYTES_MAX = 127  # of UTF-8: the room in the receipt's QR code
ADDRESS_CHARS_MAX = 200
VAT_NUMBER = re.compile(r"3[0-9]{13}3")  # of the Saudi authority


@dataclass(frozen=True, slots=True)
class Seller:
    legal_name: str
    vat_number: str
    address_en: str
    address_ar: str


def set_seller(tx: Transaction, store_id: str, seller: Seller) -> None:
    """Raises Refusal seller_name_too_long, seller_malformed or vat_number_malformed."""
    size_bytes = len(seller.legal_name.encode())
    if size_bytes > NAME_BYTES_MAX:
        raise Refusal("seller_name_too_long", size_bytes=size_bytes, size_bytes_max=NAME_BYTES_MAX)
    for field in ("legal_name", "address_en", "address_ar"):
        text = getattr(seller, field)
        if not _printable(text) or len(text) > ADDRESS_CHARS_MAX:
            raise Refusal("seller_malformed", field=field)
    if not VAT_NUMBER.fullmatch(seller.vat_number):
        raise Refusal("vat_number_malformed")
    tx.execute(update(stores).where(stores.c.id == store_id).values(asdict(seller)))


def seller_of(tx: Transaction, store_id: str) -> Seller | None:
    """None until somebody has set it; then a receipt is no tax invoice."""
    columns = [stores.c[name] for name in Seller.__slots__]
    row = tx.execute(select(*columns).where(stores.c.id == store_id)).one()
    return Seller(*row) if row.legal_name and row.vat_number else None


def _printable(text: str) -> bool:
    return bool(text.strip()) and not any(unicodedata.category(sign) == "Cc" for sign in text)
