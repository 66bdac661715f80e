"""The printed catalogue: A4 pages of cards that are scanned from paper, in English and Arabic, as PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import cast

from babel.dates import format_date
from babel.numbers import format_decimal
from PIL import Image, ImageOps

from catalogue.gtin import shown_gtin
from catalogue.labels import label_matrix
from catalogue.paper import DIRECTION_MARKS, INK, LINE, LINE_HEIGHT, LOCALES, SOFT, Paper, shown_money

PAGE_MM = (210.0, 297.0)
MARGIN_MM = 12.0
TOP_MM, BOTTOM_MM = 27.0, 284.0  # cards lie between; the header is above, the footer below
HEADING_MM = 9.5
COLUMNS, GUTTER_MM = 2, 4.0
CARD_MM = ((PAGE_MM[0] - 2 * MARGIN_MM - GUTTER_MM) / COLUMNS, 54.0)
ROW_MM = CARD_MM[1] + 3.0
PADDING_MM = 3.0
QR_MM = 40.0  # quiet zone included: 0.75 mm a module at version 7, which phones read from arm's length
PICTURE_MM = 24.0
PICTURE_PX = 288  # 300 dpi on that side
JPEG_QUALITY = 82
NAME_FITS = ((9.5, 2), (8.0, 2), (6.5, 3))  # points and lines, the largest that holds the whole name counts
NAME_MM = 9.2  # the height of any of them

ACCENT = (14, 95, 74)
HINT_EN = "Scan a code with your phone, or type the number below it."
HINT_AR = "امسح الرمز بهاتفك، أو اكتب الرقم المطبوع تحته."


@dataclass(frozen=True, slots=True)
class Card:
    """One product as printed. `label` is the signed text of its QR; `picture` holds WebP, PNG or JPEG."""

    name_en: str
    name_ar: str
    category_en: str
    category_ar: str
    price_minor: int  # including VAT
    currency: str
    vat_rate_bp: int
    gtin: str  # 14 digits
    label: str
    picture: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Row:
    """Cards side by side; `headed` where the name of their category stands above them."""

    y: float
    headed: bool
    cards: tuple[Card, ...]


def catalogue_sheet(
    cards: Sequence[Card], *, store_name_en: str, store_name_ar: str, prices_of: date
) -> bytes:
    """The same bytes for the same arguments. Cards keep their order; a heading stands wherever the category
    changes, so give them sorted by it. A picture that cannot be read is left out."""
    pages = _paginate(cards)
    sheet = _Sheet(store_name_en, store_name_ar, prices_of, pages_total=len(pages))
    bookmarked: set[str] = set()
    for rows in pages:
        sheet.add_page()
        for row in rows:
            if row.headed:
                sheet.heading(
                    row.cards[0], row.y - HEADING_MM, bookmark=row.cards[0].category_en not in bookmarked
                )
                bookmarked.add(row.cards[0].category_en)
            for column, card in enumerate(row.cards):
                sheet.card(card, MARGIN_MM + column * (CARD_MM[0] + GUTTER_MM), row.y)
    return bytes(sheet.output())


def shown_price(card: Card, language: str) -> str:
    return shown_money(card.price_minor, card.currency, language)


def typed_form(gtin14: str) -> str:
    """Digits in groups as under a barcode; the spaces may be typed or not."""
    digits = shown_gtin(gtin14)
    return f"{digits[0]} {digits[1:7]} {digits[7:]}" if len(digits) == 13 else digits


def _paginate(cards: Sequence[Card]) -> list[list[_Row]]:
    """A category goes on under its heading, which is repeated on the next page."""
    pages: list[list[_Row]] = [[]]
    y = TOP_MM
    for _, group in groupby(cards, key=lambda card: (card.category_en, card.category_ar)):
        members, headed = tuple(group), True
        for first in range(0, len(members), COLUMNS):
            if y + headed * HEADING_MM + ROW_MM > BOTTOM_MM:
                pages.append([])
                y, headed = TOP_MM, True
            y += headed * HEADING_MM
            pages[-1].append(_Row(y, headed, members[first : first + COLUMNS]))
            y, headed = y + ROW_MM, False
    return pages


class _Sheet(Paper):
    def __init__(self, store_name_en: str, store_name_ar: str, prices_of: date, *, pages_total: int) -> None:
        super().__init__(
            "A4", title=f"{store_name_en} – {store_name_ar}", made=datetime.combine(prices_of, time(), UTC)
        )
        self.store_name_en, self.store_name_ar = store_name_en, store_name_ar
        self.prices_of, self.pages_total = prices_of, pages_total

    def header(self) -> None:
        self.set_text_color(INK)
        width = (PAGE_MM[0] - 2 * MARGIN_MM) / 2
        self.line_of(self.store_name_en, MARGIN_MM, 9, width, 14, bold=True)
        self.line_of(self.store_name_ar, MARGIN_MM + width, 9, width, 14, bold=True, arabic=True)
        self.set_text_color(SOFT)
        self.line_of(HINT_EN, MARGIN_MM, 16.5, width, 8)
        self.line_of(HINT_AR, MARGIN_MM + width, 16.5, width, 8, arabic=True)
        self.set_draw_color(ACCENT)
        self.set_line_width(0.5)
        self.line(MARGIN_MM, 23, PAGE_MM[0] - MARGIN_MM, 23)

    def footer(self) -> None:
        self.set_text_color(SOFT)
        width = (PAGE_MM[0] - 2 * MARGIN_MM) / 3
        dates = {lang: format_date(self.prices_of, "long", locale=LOCALES[lang]) for lang in LOCALES}
        y = 286.0
        self.line_of(f"Prices of {dates['en']}, VAT included", MARGIN_MM, y, width, 7.5)
        self.line_of(f"{self.page_no()} / {self.pages_total}", MARGIN_MM + width, y, width, 7.5, align="C")
        ar = f"أسعار {dates['ar'].translate(DIRECTION_MARKS)}، شاملة الضريبة"
        self.line_of(ar, MARGIN_MM + 2 * width, y, width, 7.5, arabic=True)

    def heading(self, card: Card, y: float, *, bookmark: bool) -> None:
        width = (PAGE_MM[0] - 2 * MARGIN_MM) / 2
        if bookmark:
            self.set_y(y)
            self.start_section(f"{card.category_en} – {card.category_ar}")
        self.set_text_color(ACCENT)
        self.line_of(card.category_en, MARGIN_MM, y + 1, width, 12, bold=True)
        self.line_of(card.category_ar, MARGIN_MM + width, y + 1, width, 12, bold=True, arabic=True)

    def card(self, card: Card, x: float, y: float) -> None:
        self.set_draw_color(LINE)
        self.set_line_width(0.2)
        self.rect(x, y, *CARD_MM, round_corners=True, corner_radius=2)
        left, top = x + PADDING_MM, y + PADDING_MM
        width = CARD_MM[0] - QR_MM - 2 * PADDING_MM
        self.picture(card.picture, left, top)
        self.price(card, left + PICTURE_MM + 2, top, width - PICTURE_MM - 2)
        self.set_text_color(INK)
        below = top + PICTURE_MM + 2.5
        self.name(card.name_en, left, below, width, arabic=False)
        self.name(card.name_ar, left, below + NAME_MM + 1.2, width, arabic=True)
        qr_left = x + CARD_MM[0] - QR_MM - 1.5
        self.qr(label_matrix(card.label), qr_left, y + 1.5, QR_MM)
        self.line_of(typed_form(card.gtin), qr_left, y + 1.5 + QR_MM + 1, QR_MM, 10, align="C")

    def price(self, card: Card, x: float, y: float, width: float) -> None:
        rate = format_decimal(Decimal(card.vat_rate_bp).scaleb(-2), "#,##0.##", locale="en")
        self.set_text_color(INK)
        self.line_of(shown_price(card, "en"), x, y + 1, width, 11, bold=True)
        self.line_of(shown_price(card, "ar"), x, y + 12, width, 11, bold=True, arabic=True)
        self.set_text_color(SOFT)
        self.line_of(f"incl. {rate}% VAT", x, y + 6.2, width, 6.5)
        self.line_of(f"شامل ضريبة {rate}%", x, y + 17.8, width, 6.5, arabic=True)

    def picture(self, data: bytes | None, x: float, y: float) -> None:
        small = _print_size(data) if data else None
        if small:
            self.image(io.BytesIO(small), x, y, PICTURE_MM, PICTURE_MM, keep_aspect_ratio=True)

    def name(self, text: str, x: float, y: float, width: float, *, arabic: bool) -> None:
        self.direct(arabic)
        lines: list[str] = []
        for size, lines_max in NAME_FITS:
            self.set_font("plex", "B", size)
            lines = cast(list[str], self.multi_cell(width, text=text, dry_run=True, output="LINES"))
            if len(lines) <= lines_max:
                break
        else:
            lines = lines[:lines_max]
            lines[-1] = lines[-1][:-2].rstrip() + "…"
        self.set_xy(x, y)
        for line in lines:
            self.set_x(x)
            self.cell(
                width, size * LINE_HEIGHT, line, align="R" if arabic else "L", new_x="LEFT", new_y="NEXT"
            )


def _print_size(data: bytes) -> bytes | None:
    """JPEG on white, or None for what is no picture: one bad file must not cost the shop its sheet."""
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP", "PNG", "JPEG")) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    upright.thumbnail((PICTURE_PX, PICTURE_PX))
    paper = Image.new("RGBA", upright.size, "white")
    out = io.BytesIO()
    Image.alpha_composite(paper, upright).convert("RGB").save(
        out, "JPEG", quality=JPEG_QUALITY, optimize=True
    )
    return out.getvalue()
