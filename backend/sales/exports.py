"""A day's sales as CSV (RFC 4180): amounts in minor units, so that no program rounds them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from backend.sales.reports import SalesDay

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def products_csv(sales: SalesDay) -> str:
    return _csv(
        ("day", "sku", "name_en", "name_ar", "pieces", "gross_minor", "vat_minor", "currency"),
        (
            (
                sales.day,
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


def hours_csv(sales: SalesDay) -> str:
    return _csv(
        ("day", "hour", "timezone", "orders", "gross_minor", "currency"),
        (
            (sales.day, f"{h.hour:02d}:00", sales.timezone, h.orders, h.gross_minor, sales.currency)
            for h in sales.hours
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
