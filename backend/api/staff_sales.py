"""What a store sold, for those who answer for it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from backend.api import duties
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import answer
from backend.errors import Refusal
from backend.sales.reports import SalesDay, sales_day

bp = Blueprint("staff_sales", __name__, url_prefix="/v1")


@bp.get("/staff/sales")
@staff_role(*duties.FIGURES)
@describe(
    "One day's sales of a store, by hour and by product",
    query={"store": "Store code.", "day": "YYYY-MM-DD in the store's time zone; today if absent."},
    answers={200: "application/json"},
    problems=("store_unknown", "day_malformed"),
)
def get_sales() -> Response:
    at, member = services(), current_staff()
    code, day = request.args.get("store", ""), day_from_text(request.args.get("day", ""))

    def report(tx: Any) -> SalesDay:
        return sales_day(tx, duties.store_of(tx, member, code).id, day=day, now=at.clock.now())

    return answer(200, sales_json(at.run.read(report)))


def day_from_text(text: str) -> date | None:
    """Raises Refusal day_malformed."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Refusal("day_malformed") from None
    if not 2000 <= day.year < 2100:  # far beyond it, time zones overflow
        raise Refusal("day_malformed")
    return day


def sales_json(sales: SalesDay) -> dict[str, Any]:
    totals = sales.totals
    return {
        "day": sales.day.isoformat(),
        "timezone": sales.timezone,
        "currency": sales.currency,
        "totals": {
            "orders": totals.orders,
            "gross_minor": totals.gross_minor,
            "vat_minor": totals.vat_minor,
            "refunds": totals.refunds,
            "refunds_minor": totals.refunds_minor,
            "refunds_vat_minor": totals.refunds_vat_minor,
            "net_minor": totals.net_minor,
        },
        "hours": [{"hour": h.hour, "orders": h.orders, "gross_minor": h.gross_minor} for h in sales.hours],
        "products": [
            {
                "sku": p.sku,
                "name": {"en": p.name_en, "ar": p.name_ar},
                "pieces": p.pieces,
                "gross_minor": p.gross_minor,
                "vat_minor": p.vat_minor,
            }
            for p in sales.products
        ],
    }
