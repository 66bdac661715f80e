"""Amounts, numbers and times as people write and read them; no float on the way."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

from backend.errors import Refusal

LOCALES = {"en": "en_GB", "ar": "ar_SA"}
DIGITS_MAX = 9
SPACED = "¤\u00a0#,##0.00"
TYPED = re.compile(rf"(\d{{1,{DIGITS_MAX}}})(?:[.,](\d{{1,3}}))?", re.ASCII)
LATIN = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹٫", "01234567890123456789.", "٬ \u00a0\u202f")


def minor_from_text(text: str, currency: str) -> int:
    """Minor units of an amount typed in major units: "12", "12.5", "12,50", "١٢٫٥٠" are all right for SAR.

    Raises Refusal amount_unreadable; more decimals than the currency has are refused, never rounded.
    """
    return whole_from_text(text, decimals=get_currency_precision(currency))


def whole_from_text(text: str, *, decimals: int) -> int:
    """How many of its last decimal place: 1250 for "12.5" with two. Raises Refusal amount_unreadable."""
    typed = TYPED.fullmatch(text.strip().translate(LATIN))
    if typed is None or len(typed[2] or "") > decimals:
        raise Refusal("amount_unreadable", decimals_max=decimals)
    return int(typed[1] + (typed[2] or "").ljust(decimals, "0"))


def pieces_from_text(text: str, *, digits_max: int, empty: int | None = None) -> int:
    """empty: what a field without anything says. Raises Refusal pieces_unreadable."""
    digits = text.strip().translate(LATIN)
    if not digits and empty is not None:
        return empty
    if not digits.isascii() or not digits.isdecimal() or len(digits) > digits_max:
        raise Refusal("pieces_unreadable")
    return int(digits)


def money(minor: int, currency: str, language: str) -> str:
    major = Decimal(minor).scaleb(-get_currency_precision(currency))
    pattern = SPACED if language == "en" else None  # English locales write SAR10.00, which nobody reads
    return format_currency(major, currency, pattern, locale=LOCALES[language])


def short_money(minor: int, currency: str, language: str) -> str:
    """Whole major units without their currency, for a scale."""
    return number(minor // 10 ** get_currency_precision(currency), language)


def percent(basis_points: int, language: str) -> str:
    return format_percent(Decimal(basis_points).scaleb(-4), "#,##0.##%", locale=LOCALES[language])


def number(value: int, language: str) -> str:
    return format_decimal(value, locale=LOCALES[language])


def long_date(day: date, language: str) -> str:
    return format_date(day, format="full", locale=LOCALES[language])


def clock_time(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).strftime("%H:%M")


def day_and_time(at: datetime, timezone: str) -> str:
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")
