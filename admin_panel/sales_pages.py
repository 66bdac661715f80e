"""What the store sold on a day: totals, bars, the same numbers as tables, and files."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, render_template, request

from admin_panel.access import Visit, page
from admin_panel.amounts import money, short_money
from admin_panel.charts import Bar, Chart, columns, rows
from admin_panel.language import current
from admin_panel.words import say
from backend.api import duties
from backend.api.auth import services
from backend.api.staff_sales import day_from_text
from backend.db.transaction import Transaction
from backend.sales import stock_at_risk as risk
from backend.sales.exports import hours_csv, products_csv
from backend.sales.reports import SalesDay, local_day, sales_day

BEST_MAX = 10
AT_RISK_MAX = 8


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/sales", view_func=sales)
    bp.add_url_rule("/<store>/sales/hours.csv", view_func=sales_hours_file)
    bp.add_url_rule("/<store>/sales/products.csv", view_func=sales_products_file)


@page(*duties.FIGURES)
def sales(visit: Visit) -> str:
    at, now = services(), services().clock.now()

    def read(tx: Transaction) -> tuple[SalesDay, list[risk.AtRisk]]:
        return report(tx, visit), risk.stock_at_risk(tx, visit.store.id, now=now)

    shown, at_risk = at.run.read(read)
    today = local_day(now, visit.store.timezone)
    return render_template(
        "staff/sales.html",
        sales=shown,
        today=today,
        day_before=shown.day - timedelta(days=1),
        day_after=shown.day + timedelta(days=1) if shown.day < today else None,
        by_hour=by_hour_chart(shown),
        by_product=by_product_chart(shown),
        at_risk=at_risk[:AT_RISK_MAX],
        cover_days_min=risk.COVER_DAYS_MIN,
        window_days=risk.WINDOW_DAYS,
    )


@page(*duties.FIGURES)
def sales_hours_file(visit: Visit) -> Response:
    shown = services().run.read(lambda tx: report(tx, visit))
    return file(hours_csv(shown), visit, "hours", shown.day)


@page(*duties.FIGURES)
def sales_products_file(visit: Visit) -> Response:
    shown = services().run.read(lambda tx: report(tx, visit))
    return file(products_csv(shown), visit, "products", shown.day)


def report(tx: Transaction, visit: Visit) -> SalesDay:
    day = day_from_text(request.args.get("day", ""))
    return sales_day(tx, visit.store.id, day=day, now=services().clock.now())


def file(text: str, visit: Visit, what: str, day: date) -> Response:
    """UTF-8 with its mark: without it spreadsheets read Arabic names as Latin-1."""
    name = f"sales-{visit.store.code}-{day.isoformat()}-{what}.csv"
    return Response(
        b"\xef\xbb\xbf" + text.encode(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def by_hour_chart(sales: SalesDay) -> str:
    language = current()
    best = max(sales.hours, key=lambda h: h.gross_minor)
    described = say(
        language,
        "by_hour_described",
        amount=money(best.gross_minor, sales.currency, language),
        begin=f"{best.hour:02d}:00",
        end=f"{(best.hour + 1) % 24:02d}:00",
    )
    bars = [
        Bar(f"{h.hour:02d}", h.gross_minor, money(h.gross_minor, sales.currency, language))
        for h in sales.hours
    ]
    chart = Chart(
        "by-hour",
        say(language, "by_hour_chart"),
        described,
        bars,
        lambda minor: short_money(minor, sales.currency, language),
    )
    return columns(chart, rtl=language == "ar")


def by_product_chart(sales: SalesDay) -> str:
    language = current()
    best = sales.products[:BEST_MAX]
    bars = [
        Bar(
            p.name_ar if language == "ar" else p.name_en,
            p.gross_minor,
            money(p.gross_minor, sales.currency, language),
        )
        for p in best
    ]
    described = (
        say(language, "by_product_described", n=len(bars), name=bars[0].label, amount=bars[0].shown)
        if bars
        else say(language, "no_sales")
    )
    chart = Chart("by-product", say(language, "by_product_chart"), described, bars)
    return rows(chart, rtl=language == "ar")
