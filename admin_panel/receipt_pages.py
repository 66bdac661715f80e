"""The receipt of an order, to be printed at the counter."""

from __future__ import annotations

from flask import Blueprint, Response

from admin_panel.access import Visit, page
from backend.api import duties, receipts
from backend.api.auth import services
from backend.errors import Refusal


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/orders/<uuid:order_id>/receipt.pdf", view_func=order_receipt)


@page(*duties.ANYBODY)
def order_receipt(visit: Visit, order_id: object) -> Response:
    receipt = receipts.read(services(), str(order_id))
    if receipt.store.id != visit.store.id:
        raise Refusal("order_not_found")
    return receipts.printed(services(), receipt)
