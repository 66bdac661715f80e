"""The receipt of an order and the credit notes of its refunds, to be printed at the counter."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response

from admin_panel.access import Visit, page
from backend.api import duties, receipts
from backend.api.auth import services


def add_to(bp: Blueprint) -> None:
    order = "/<store>/orders/<uuid:order_id>"
    bp.add_url_rule(f"{order}/receipt.pdf", view_func=order_receipt)
    bp.add_url_rule(f"{order}/refunds/<uuid:refund_id>/credit-note.pdf", view_func=order_receipt)


@page(*duties.ANYBODY)
def order_receipt(visit: Visit, order_id: UUID, refund_id: UUID | None = None) -> Response:
    receipt = receipts.read(services(), order_id, refund_id)
    return receipts.to_staff(receipt, frozenset({visit.store.id}))
