"""A receipt or credit note on a roll of 80 mm, as long as it needs to be, each line in English and Arabic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal

from backend.checkout.credit_notes import REASONS
from backend.orders.receipt import Receipt, ReceiptLine
from catalogue.paper import INK, LINE, LINE_HEIGHT, SOFT, Paper, shown_money
from catalogue.qr import qr_matrix

WIDTH_MM, MARGIN_MM = 80.0, 5.0
INNER_MM = WIDTH_MM - 2 * MARGIN_MM
GAP_MM = 2.0
QR_MM = 46.0
SIZE = 8.0  # points
TITLES = {  # with a seller, as a credit note
    (True, False): ("Simplified tax invoice", "فاتورة ضريبية مبسطة"),
    (False, False): ("Receipt", "إيصال"),
    (True, True): ("Tax credit note", "إشعار دائن ضريبي"),
    (False, True): ("Credit note", "إشعار دائن"),
}
METHODS = {
    ("wallet", False): ("Paid from the wallet", "مدفوع من المحفظة"),
    ("card", False): ("Paid by card", "مدفوع بالبطاقة"),
    ("wallet", True): ("Back into the wallet", "أُعيد إلى المحفظة"),
    ("card", True): ("Back to the card", "أُعيد إلى البطاقة"),
}
THANKS = ("Thank you for shopping with us.", "شكرًا لتسوقك معنا.")

Row = tuple[
    float, Callable[[Paper, float], None]
]  # its height in mm, and how to draw it at a distance from the top


@lru_cache(maxsize=32)
def receipt_pdf(receipt: Receipt, qr_text: str | None) -> bytes:
    """The same bytes for the same receipt. qr_text: the content of the tax authority's code, if there is a seller."""
    rows = list(_rows(receipt, qr_text))
    title = f"{receipt.store.name_en} {receipt.number} – {receipt.store.name_ar}"
    height_mm = sum(height for height, _ in rows) + 2 * MARGIN_MM
    paper = Paper((WIDTH_MM, height_mm), title=title, made=receipt.at)
    paper.add_page()
    top = MARGIN_MM
    for height, draw in rows:
        draw(paper, top)
        top += height
    return bytes(paper.output())


def _rows(receipt: Receipt, qr_text: str | None) -> Iterator[Row]:
    yield from _head(receipt)
    for line in receipt.lines:
        yield from _goods(line, receipt.currency)
    yield _rule()
    yield from _totals(receipt)
    if qr_text is not None:
        yield _code(qr_text)
    if receipt.credits is None:
        yield _both(*THANKS)


def _head(receipt: Receipt) -> Iterator[Row]:
    store, seller, credits = receipt.store, receipt.seller, receipt.credits
    yield _both(store.name_en, store.name_ar, size=13, bold=True)
    if seller is not None:
        for text in (seller.legal_name, seller.address_en, seller.address_ar):
            yield _centred(text)
        yield _both(f"VAT no. {seller.vat_number}", f"الرقم الضريبي {seller.vat_number}", soft=True)
    yield _rule()
    yield _both(*TITLES[seller is not None, credits is not None], size=10, bold=True)
    yield _both(f"No. {store.code}-{receipt.number}", f"رقم {receipt.number}")
    yield _centred(f"{receipt.at.astimezone(ZoneInfo(store.timezone)):%Y-%m-%d %H:%M:%S}")
    if credits is not None:
        yield _both(
            f"For receipt {store.code}-{credits.receipt_number}", f"عن الفاتورة رقم {credits.receipt_number}"
        )
        yield _both(*REASONS[credits.reason])
    yield _rule()


def _goods(line: ReceiptLine, currency: str) -> Iterator[Row]:
    yield _both(line.name_en, line.name_ar, bold=True)
    unit, gross = (shown_money(minor, currency, "en") for minor in (line.unit_price_minor, line.gross_minor))
    yield _amount(f"{line.quantity} × {unit}", gross)
    if line.discount_minor:
        yield _amount("Discount · خصم", shown_money(-line.discount_minor, currency, "en"))


def _totals(receipt: Receipt) -> Iterator[Row]:
    def row(english: str, minor: int, arabic: str, *, size: float = SIZE, bold: bool = False) -> Row:
        return _three(english, shown_money(minor, receipt.currency, "en"), arabic, size=size, bold=bold)

    if receipt.discount_minor:
        yield row("Discounts", receipt.discount_minor, "الخصومات")
    yield row("Without VAT", receipt.total_minor - receipt.vat_minor, "بدون الضريبة")
    for rate_bp, vat_minor in receipt.vat_by_rate.items():
        rate = format_decimal(Decimal(rate_bp).scaleb(-2), "#,##0.##", locale="en")
        yield row(f"VAT {rate}%", vat_minor, f"ضريبة {rate}%")
    yield row("Total with VAT", receipt.total_minor, "الإجمالي", size=10, bold=True)
    yield _both(*METHODS[receipt.method, receipt.credits is not None])


def _both(english: str, arabic: str, *, size: float = SIZE, bold: bool = False, soft: bool = False) -> Row:
    half = (INNER_MM - GAP_MM) / 2

    def draw(paper: Paper, top: float) -> None:
        paper.set_text_color(SOFT if soft else INK)
        paper.line_of(english, MARGIN_MM, top, half, size, bold=bold)
        paper.line_of(arabic, WIDTH_MM - MARGIN_MM - half, top, half, size, bold=bold, arabic=True)

    return _height(size), draw


def _three(english: str, amount: str, arabic: str, *, size: float, bold: bool) -> Row:
    """The amount between its two names."""
    third = INNER_MM / 3

    def draw(paper: Paper, top: float) -> None:
        paper.set_text_color(INK)
        paper.line_of(english, MARGIN_MM, top, third, size, bold=bold)
        paper.line_of(amount, MARGIN_MM + third, top, third, size, bold=bold, align="C")
        paper.line_of(arabic, MARGIN_MM + 2 * third, top, third, size, bold=bold, arabic=True)

    return _height(size), draw


def _amount(text: str, amount: str) -> Row:
    half = (INNER_MM - GAP_MM) / 2

    def draw(paper: Paper, top: float) -> None:
        paper.set_text_color(SOFT)
        paper.line_of(text, MARGIN_MM, top, half, SIZE)
        paper.line_of(amount, WIDTH_MM - MARGIN_MM - half, top, half, SIZE, align="R")

    return _height(SIZE), draw


def _centred(text: str) -> Row:
    def draw(paper: Paper, top: float) -> None:
        paper.set_text_color(SOFT)
        paper.line_of(text, MARGIN_MM, top, INNER_MM, SIZE, arabic=_is_arabic(text), align="C")

    return _height(SIZE), draw


def _rule() -> Row:
    def draw(paper: Paper, top: float) -> None:
        paper.set_draw_color(LINE)
        paper.set_line_width(0.2)
        paper.line(MARGIN_MM, top + GAP_MM / 2, WIDTH_MM - MARGIN_MM, top + GAP_MM / 2)

    return GAP_MM, draw


def _code(text: str) -> Row:
    return QR_MM, lambda paper, top: paper.qr(qr_matrix(text), (WIDTH_MM - QR_MM) / 2, top, QR_MM)


def _height(size: float) -> float:
    return size * LINE_HEIGHT + 0.8


def _is_arabic(text: str) -> bool:
    return any("\u0600" <= sign <= "\u06ff" for sign in text)
