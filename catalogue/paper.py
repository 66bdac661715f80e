"""What printed pages have in common: the fonts, lines in English and Arabic, amounts, QR codes as vectors."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision
from fpdf import FPDF, ViewerPreferences

from catalogue.fonts import REGULAR, SEMIBOLD
from catalogue.qr import QUIET_MODULES, Matrix, dark_runs

INK, SOFT, LINE = (27, 33, 30), (89, 97, 92), (205, 201, 190)
LINE_HEIGHT = 0.47  # mm a point: Arabic marks need more than Latin letters do
PT_PER_MM = 72 / 25.4
LOCALES = {"en": "en_GB", "ar": "ar_SA"}
SPACED = "¤\u00a0#,##0.00"
DIRECTION_MARKS = str.maketrans("", "", "\u200e\u200f\u061c")  # the font draws none, each line has its own


def shown_money(minor: int, currency: str, language: str) -> str:
    major = Decimal(minor).scaleb(-get_currency_precision(currency))
    pattern = SPACED if language == "en" else None  # English locales write SAR10.00, which nobody reads
    return format_currency(major, currency, pattern, locale=LOCALES[language]).translate(DIRECTION_MARKS)


class Paper(FPDF):
    """Millimetres from the top left corner. Every text is one line or block with a direction of its own."""

    def __init__(self, size: str | tuple[float, float], *, title: str, made: datetime) -> None:
        super().__init__(unit="mm", format=size)
        self.set_title(title)
        self.set_lang("en")
        self.set_creator("SmartPayFC")
        self.set_creation_date(made)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.add_font("plex", "", REGULAR)
        self.add_font("plex", "B", SEMIBOLD)
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0

    def line_of(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        size: float,
        *,
        bold: bool = False,
        arabic: bool = False,
        align: str = "",
    ) -> None:
        """Smaller where it would be wider than `width`."""
        self.direct(arabic)
        self.set_font("plex", "B" if bold else "", size)
        wide = self.get_string_width(text)
        if wide > width:
            self.set_font_size(size * width / wide * 0.99)
        self.set_xy(x, y)
        self.cell(width, size * LINE_HEIGHT, text, align=align or ("R" if arabic else "L"))

    def direct(self, arabic: bool) -> None:
        self.set_text_shaping(True, direction="rtl" if arabic else "ltr")

    def qr(self, rows: Matrix, x: float, y: float, side: float) -> None:
        """One path in units of modules: filled at once, so that no viewer shows seams between rows."""
        scale = side * PT_PER_MM / (len(rows) + 2 * QUIET_MODULES)
        place = f"{x * PT_PER_MM:.4f} {(self.h - y) * PT_PER_MM:.4f}"
        runs = " ".join(
            f"{left + QUIET_MODULES} {top + QUIET_MODULES} {width} 1 re"
            for left, top, width in dark_runs(rows)
        )
        self._out(f"q 0 g {scale:.5f} 0 0 {-scale:.5f} {place} cm {runs} f Q")
