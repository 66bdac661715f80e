"""The receipt of an order as a page to keep or to print: a simplified tax invoice where the seller is known."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response

from backend.api import duties
from backend.api.auth import current_shopper, current_staff, services, shopper, staff_role
from backend.api.openapi import describe
from backend.api.reading import with_etag
from backend.errors import Refusal
from backend.orders.einvoice import simplified_qr
from backend.orders.receipt import Receipt, receipt_of
from backend.wiring import Services

bp = Blueprint("receipts", __name__, url_prefix="/v1")
SUMMARY = "Receipt of an order in English and Arabic, with the QR code of a Saudi simplified tax invoice"
PDF = "application/pdf"


@bp.get("/orders/<uuid:order_id>/receipt.pdf")
@shopper
@describe(SUMMARY, answers={200: PDF}, problems=("order_not_found",))
def get_receipt(order_id: UUID) -> Response:
    receipt = read(services(), str(order_id))
    if receipt.shopper_id != current_shopper().shopper_id:
        raise Refusal("order_not_found")
    return printed(services(), receipt)


@bp.get("/staff/orders/<uuid:order_id>/receipt.pdf")
@staff_role(*duties.ANYBODY)
@describe(SUMMARY, answers={200: PDF}, problems=("order_not_found",))
def get_receipt_for_staff(order_id: UUID) -> Response:
    receipt = read(services(), str(order_id))
    if receipt.store.id not in current_staff().store_ids:
        raise Refusal("order_not_found")
    return printed(services(), receipt)


def read(at: Services, order_id: str) -> Receipt:
    return at.run.read(lambda tx: receipt_of(tx, order_id))


def printed(at: Services, receipt: Receipt) -> Response:
    from backend.adapters.receipt_pdf import (
        receipt_pdf,
    )  # imports for half a second: nobody else waits for it

    response = Response(receipt_pdf(receipt, qr_text(at, receipt)), content_type=PDF)
    name = f"receipt-{receipt.store.code}-{receipt.number}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return with_etag(response)


def qr_text(at: Services, receipt: Receipt) -> str | None:
    if receipt.seller is None:
        return None
    return simplified_qr(
        receipt.seller,
        at=receipt.placed_at,
        total_minor=receipt.total_minor,
        vat_minor=receipt.vat_minor,
        currency=receipt.currency,
        stamp=at.stamper.stamp(receipt) if at.stamper else None,
    )
