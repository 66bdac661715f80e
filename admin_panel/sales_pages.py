"""What the store sold on a day or in a time: totals, bars, the same numbers as tables, and files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, Response, render_template, request

from admin_panel.access import Visit, page
from admin_panel.amounts import long_date, money, short_money
from admin_panel.charts import Bar, Chart, columns, rows
from admin_panel.language import current
from admin_panel.words import say
from backend.api import duties
from backend.api.auth import services
from backend.api.staff_sales import period_of
from backend.db.transaction import Transaction
from backend.sales import stock_at_risk as risk
from backend.sales.days import day_of
from backend.sales.exports import days_csv, hours_csv, products_csv
from backend.sales.reports import Sales
from backend.sales.reports import sales as read_sales

BEST_MAX = 10
AT_RISK_MAX = 8
FILES = {"days": days_csv, "hours": hours_csv, "products": products_csv}


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/sales", view_func=sales)
    bp.add_url_rule("/<store>/sales/<any(days, hours, products):what>.csv", view_func=sales_file)


@page(*duties.FIGURES)
def sales(visit: Visit) -> str:
    at, now = services(), services().clock.now()

    def read(tx: Transaction) -> tuple[Sales, list[risk.AtRisk]]:
        return report(tx, visit), risk.stock_at_risk(tx, visit.store.id, now=now)

    shown, at_risk = at.run.read(read)
    today = day_of(now, visit.store.timezone).day
    return render_template(
        "staff/sales.html",
        sales=shown,
        one_day=shown.first == shown.last,
        today=today,
        day_before=shown.first - timedelta(days=1),
        day_after=shown.last + timedelta(days=1) if shown.last < today else None,
        over_time=by_hour_chart(shown) if shown.first == shown.last else by_day_chart(shown),
        by_product=by_product_chart(shown),
        at_risk=at_risk[:AT_RISK_MAX],
        cover_days_min=risk.COVER_DAYS_MIN,
        window_weeks=risk.WINDOW_WEEKS,
    )


@page(*duties.FIGURES)
def sales_file(visit: Visit, what: str) -> Response:
    """UTF-8 with its mark: without it spreadsheets read Arabic names as Latin-1."""
    shown = services().run.read(lambda tx: report(tx, visit))
    name = f"sales-{visit.store.code}-{shown.first.isoformat()}-{shown.last.isoformat()}-{what}.csv"
    return Response(
        b"\xef\xbb\xbf" + FILES[what](shown).encode(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def report(tx: Transaction, visit: Visit) -> Sales:
    first, last = period_of(request.args)
    return read_sales(tx, visit.store.id, first=first, last=last, now=services().clock.now())


def by_hour_chart(sales: Sales) -> str:
    language = current()
    best = max(range(len(sales.hours)), key=lambda n: sales.hours[n].gross_minor)
    begins = [f"{hour.begins_at:%H:%M}" for hour in sales.hours]
    described = say(
        language,
        "by_hour_described",
        n=len(begins),
        amount=money(sales.hours[best].gross_minor, sales.currency, language),
        begin=begins[best],
        end=[*begins, "00:00"][best + 1],
    )
    bars = [
        Bar(f"{hour.begins_at:%H}", hour.gross_minor, money(hour.gross_minor, sales.currency, language))
        for hour in sales.hours
    ]
    return over_time(Chart("over-time", say(language, "by_hour_chart"), described, bars), sales)


def by_day_chart(sales: Sales) -> str:
    language = current()
    best = max(sales.days, key=lambda day: day.totals.gross_minor)
    described = say(
        language,
        "by_day_described",
        n=len(sales.days),
        amount=money(best.totals.gross_minor, sales.currency, language),
        day=long_date(best.day, language),
    )
    bars = [
        Bar(
            f"{day.day:%d}",
            day.totals.gross_minor,
            money(day.totals.gross_minor, sales.currency, language),
        )
        for day in sales.days
    ]
    return over_time(Chart("over-time", say(language, "by_day_chart"), described, bars), sales)


def over_time(chart: Chart, sales: Sales) -> str:
    language = current()
    scaled = replace(chart, scale=lambda minor: short_money(minor, sales.currency, language))
    return columns(scaled, rtl=language == "ar")


def by_product_chart(sales: Sales) -> str:
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
