"""Sales as CSV (RFC 4180): amounts in minor units, so that no program rounds them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from backend.sales.reports import Sales

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def products_csv(sales: Sales) -> str:
    return _csv(
        (
            "first_day",
            "last_day",
            "sku",
            "name_en",
            "name_ar",
            "pieces",
            "gross_minor",
            "vat_minor",
            "currency",
        ),
        (
            (
                sales.first,
                sales.last,
                _text(p.sku),
                _text(p.name_en),
                _text(p.name_ar),
                p.pieces,
                p.gross_minor,
                p.vat_minor,
                sales.currency,
            )
            for p in sales.products
        ),
    )


def hours_csv(sales: Sales) -> str:
    """`begins_at` tells the two hours apart that a clock shows when it is set back."""
    return _csv(
        ("day", "hour", "begins_at", "timezone", "orders", "gross_minor", "discount_minor", "currency"),
        (
            (
                day.day,
                f"{hour.begins_at:%H:%M}",
                hour.begins_at.isoformat(),
                sales.timezone,
                hour.orders,
                hour.gross_minor,
                hour.discount_minor,
                sales.currency,
            )
            for day in sales.days
            for hour in day.hours
        ),
    )


def days_csv(sales: Sales) -> str:
    names = (
        "orders",
        "gross_minor",
        "discount_minor",
        "vat_minor",
        "refunds",
        "refunds_minor",
        "refunds_vat_minor",
        "net_minor",
    )
    return _csv(
        ("day", "timezone", *names, "currency"),
        (
            (day.day, sales.timezone, *(getattr(day.totals, name) for name in names), sales.currency)
            for day in sales.days
        ),
    )


def _csv(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heading)
    writer.writerows(rows)
    return text.getvalue()


def _text(value: str) -> str:
    """A spreadsheet would run a cell that begins like a formula (OWASP: CSV injection)."""
    return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
