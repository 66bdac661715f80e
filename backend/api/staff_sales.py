"""What a store sold, for those who answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from backend.api import duties
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import answer
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.sales.figures import Totals
from backend.sales.reports import DAYS_MAX, Sales, sales

bp = Blueprint("staff_sales", __name__, url_prefix="/v1")


@bp.get("/staff/sales")
@staff_role(*duties.FIGURES)
@describe(
    "Sales of a store: by day, by hour and by product",
    query={
        "store": "Store code.",
        "day": "YYYY-MM-DD in the store's time zone; today if absent.",
        "from": f"The first of up to {DAYS_MAX} days, instead of `day`.",
        "to": "The last of them.",
    },
    answers={200: "application/json"},
    problems=("store_unknown", "day_malformed", "period_malformed"),
)
def get_sales() -> Response:
    at, member = services(), current_staff()
    code = request.args.get("store", "")
    first, last = period_of(request.args)

    def report(tx: Transaction) -> Sales:
        store = duties.store_of(tx, member, code)
        return sales(tx, store.id, first=first, last=last, now=at.clock.now())

    return answer(200, sales_json(at.run.read(report)))


def period_of(asked: Mapping[str, str]) -> tuple[date | None, date | None]:
    """First and last day. Raises Refusal day_malformed."""
    day = day_from_text(asked.get("day", ""))
    if day is not None:
        return day, day
    return day_from_text(asked.get("from", "")), day_from_text(asked.get("to", ""))


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


def sales_json(shown: Sales) -> dict[str, Any]:
    return {
        "from": shown.first.isoformat(),
        "to": shown.last.isoformat(),
        "timezone": shown.timezone,
        "currency": shown.currency,
        "totals": totals_json(shown.totals),
        "days": [{"day": day.day.isoformat(), **totals_json(day.totals)} for day in shown.days],
        "hours": [
            {
                "hour": hour.begins_at.hour,
                "begins_at": hour.begins_at.isoformat(),
                "orders": hour.orders,
                "gross_minor": hour.gross_minor,
                "discount_minor": hour.discount_minor,
            }
            for hour in shown.hours
        ],
        "products": [
            {
                "sku": p.sku,
                "name": {"en": p.name_en, "ar": p.name_ar},
                "pieces": p.pieces,
                "gross_minor": p.gross_minor,
                "vat_minor": p.vat_minor,
            }
            for p in shown.products
        ],
    }


def totals_json(totals: Totals) -> dict[str, int]:
    return {**asdict(totals), "net_minor": totals.net_minor}
