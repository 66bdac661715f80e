"""Receipts and credit notes as pages to keep or to print: tax documents where the seller is known."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response

from backend.api import duties
from backend.api.auth import current_shopper, current_staff, services, shopper, staff_role
from backend.api.openapi import describe
from backend.api.reading import with_etag
from backend.checkout.credit_notes import credit_note_of
from backend.errors import Refusal
from backend.orders.einvoice import simplified_qr
from backend.orders.receipt import Receipt, receipt_of
from backend.wiring import Services

bp = Blueprint("receipts", __name__, url_prefix="/v1")
RECEIPT = "Receipt of an order in English and Arabic, with the QR code of a Saudi simplified tax invoice"
CREDIT_NOTE = "Credit note of a refund, as the order's receipt"
PDF = "application/pdf"


@bp.get("/orders/<uuid:order_id>/receipt.pdf")
@shopper
@describe(RECEIPT, answers={200: PDF}, problems=("order_not_found",))
def get_receipt(order_id: UUID) -> Response:
    return to_its_shopper(read(services(), order_id))


@bp.get("/orders/<uuid:order_id>/refunds/<uuid:refund_id>/credit-note.pdf")
@shopper
@describe(CREDIT_NOTE, answers={200: PDF}, problems=("order_not_found", "refund_not_found"))
def get_credit_note(order_id: UUID, refund_id: UUID) -> Response:
    return to_its_shopper(read(services(), order_id, refund_id))


@bp.get("/staff/orders/<uuid:order_id>/receipt.pdf")
@staff_role(*duties.ANYBODY)
@describe(RECEIPT, answers={200: PDF}, problems=("order_not_found",))
def get_receipt_for_staff(order_id: UUID) -> Response:
    return to_staff(read(services(), order_id), current_staff().store_ids)


@bp.get("/staff/orders/<uuid:order_id>/refunds/<uuid:refund_id>/credit-note.pdf")
@staff_role(*duties.ANYBODY)
@describe(CREDIT_NOTE, answers={200: PDF}, problems=("order_not_found", "refund_not_found"))
def get_credit_note_for_staff(order_id: UUID, refund_id: UUID) -> Response:
    return to_staff(read(services(), order_id, refund_id), current_staff().store_ids)


def read(at: Services, order_id: UUID, refund_id: UUID | None = None) -> Receipt:
    """The order's receipt, or the credit note of one of its refunds."""
    if refund_id is None:
        return at.run.read(lambda tx: receipt_of(tx, str(order_id)))
    return at.run.read(lambda tx: credit_note_of(tx, str(order_id), str(refund_id)))


def to_its_shopper(receipt: Receipt) -> Response:
    if receipt.shopper_id != current_shopper().shopper_id:
        raise Refusal("order_not_found")
    return printed(services(), receipt)


def to_staff(receipt: Receipt, store_ids: frozenset[str]) -> Response:
    """store_ids: where this member of staff looks at it."""
    if receipt.store.id not in store_ids:
        raise Refusal("order_not_found")
    return printed(services(), receipt)


def printed(at: Services, receipt: Receipt) -> Response:
    from backend.adapters.receipt_pdf import receipt_pdf  # half a second that nobody else waits for

    response = Response(receipt_pdf(receipt, qr_text(at, receipt)), content_type=PDF)
    name = f"{'credit-note' if receipt.credits else 'receipt'}-{receipt.store.code}-{receipt.number}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return with_etag(response)


def qr_text(at: Services, receipt: Receipt) -> str | None:
    if receipt.seller is None:
        return None
    return simplified_qr(
        receipt.seller,
        at=receipt.at,
        total_minor=receipt.total_minor,
        vat_minor=receipt.vat_minor,
        currency=receipt.currency,
        stamp=at.stamper.stamp(receipt) if at.stamper else None,
    )
