"""What stands on the credit note of a refund: the pieces that were taken back, at what was paid for them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from backend.checkout.tables import refund_lines, refunds
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.orders.receipt import Credits, Receipt, ReceiptLine, receipt_of
from backend.orders.tables import order_lines

REASONS = {  # of refunds, in English and Arabic: a credit note has to say one
    "returned": ("The shopper brought it back", "أعاده المتسوق"),
    "damaged": ("Damaged", "تالف"),
    "wrong_goods": ("Other goods than bought", "سلع غير التي اشتُريت"),
    "goods_missing": ("Goods are missing", "سلع ناقصة"),
    "goodwill": ("Goodwill", "مجاملة للمتسوق"),
    "cancelled": ("Cancelled by the shopper", "ألغاه المتسوق"),
    "uncollected": ("Nobody came for it", "لم يحضر أحد لاستلامه"),
    "mismatch": ("Mismatch at pick-up", "عدم تطابق عند الاستلام"),
}


def credit_note_of(tx: Transaction, order_id: str, refund_id: str) -> Receipt:
    """Raises Refusal order_not_found, refund_not_found."""
    sale, refund = receipt_of(tx, order_id), refunds.c
    made = tx.execute(
        select(refund.number, refund.at, refund.method, refund.amount_minor, refund.reason).where(
            refund.id == refund_id, refund.order_id == order_id, refund.number.is_not(None)
        )
    ).one_or_none()
    if made is None:
        raise Refusal("refund_not_found")
    return replace(
        sale,
        number=made.number,
        at=made.at,
        method=made.method,
        total_minor=made.amount_minor,
        lines=tuple(_lines(tx, refund_id)),
        credits=Credits(sale.number, made.reason),
    )


def _lines(tx: Transaction, refund_id: str) -> list[ReceiptLine]:
    sold, back = order_lines.c, refund_lines.c
    gross = back.quantity * sold.unit_price_minor
    rows = tx.execute(
        select(
            sold.name_en,
            sold.name_ar,
            back.quantity,
            sold.unit_price_minor,
            gross,
            gross - back.amount_minor,  # their share of the line's discount
            sold.vat_rate_bp,
            back.vat_minor,
        )
        .join(refund_lines, back.line_id == sold.id)
        .where(back.refund_id == refund_id)
        .order_by(sold.id)
    )
    return [ReceiptLine(*row) for row in rows]
