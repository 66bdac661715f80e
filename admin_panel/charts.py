"""Bar charts as SVG made here: no script, no canvas, printed and mirrored like text.

Across, everything is in percent of the width and text keeps its size, so one drawing fits a phone and a wall
screen. Colours come from the page's style sheet; a reader who cannot see the bars gets title and description,
and the page puts the numbers into a table beneath.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

COLUMN_HEIGHT_PX = 220
BASELINE_PX = 24  # room for the labels under the columns
HEADROOM_PX = 22  # room for the number over the highest column
ROW_HEIGHT_PX = 54
ROW_REACH = 0.58  # of the width; the number stands at the far end
ROW_NAME_CHARS_MAX = 40  # what a phone's width holds; the table beneath has whole names
SCALE_LINES_MAX = 4


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: int
    shown: str  # the value as people read it


@dataclass(frozen=True, slots=True)
class Chart:
    """`scale`: how a value is written beside its line."""

    id: str  # unique on the page; ties title and description to the drawing
    title: str
    description: str
    bars: Sequence[Bar]
    scale: Callable[[int], str] = str


def scale_steps(highest: int) -> list[int]:
    """Round values (1, 2 or 5 times a power of ten) up to the highest, at most SCALE_LINES_MAX of them."""
    step = next(
        (
            factor * 10**power
            for power in range(18)
            for factor in (1, 2, 5)
            if highest // (factor * 10**power) <= SCALE_LINES_MAX
        ),
        1,
    )
    return list(range(step, highest + 1, step))


def columns(chart: Chart, *, rtl: bool) -> str:
    """Upright bars in the order of reading; every third label stands out where there is little room."""
    bars = list(reversed(chart.bars)) if rtl else list(chart.bars)
    highest = max((bar.value for bar in bars), default=0)
    room = COLUMN_HEIGHT_PX - BASELINE_PX - HEADROOM_PX
    ground = COLUMN_HEIGHT_PX - BASELINE_PX
    step = 100 / max(len(bars), 1)
    scale = [(ground - room * value // highest, chart.scale(value)) for value in scale_steps(highest)]
    drawn = [_line(y) for y in (ground, *(y for y, _ in scale))]
    for place, bar in enumerate(bars):
        height = _scaled(bar.value, highest, room)
        number = place if not rtl else len(bars) - 1 - place
        middle = (place + 0.5) * step
        label = "hour-label" if number % 3 == 0 else "hour-label hour-fine"
        drawn.append(
            f'<g class="bar-group"><title>{escape(bar.label)}: {escape(bar.shown)}</title>'
            f'<rect class="bar-reach" x="{place * step:.3f}%" y="0" width="{step:.3f}%" height="{ground}"/>'
            f'<rect class="bar" x="{(place + 0.14) * step:.3f}%" y="{ground - height}" '
            f'width="{step * 0.72:.3f}%" height="{height}" rx="3"/></g>'
            f'<text class="{label}" x="{middle:.3f}%" y="{COLUMN_HEIGHT_PX - 6}">{escape(bar.label)}</text>'
        )
    beginning = "100%" if rtl else "0"
    drawn += [f'<text class="scale" x="{beginning}" y="{y - 4}">{escape(text)}</text>' for y, text in scale]
    if highest > 0:
        place, bar = next((place, bar) for place, bar in enumerate(bars) if bar.value == highest)
        middle = _kept_inside((place + 0.5) * step)
        drawn.append(f'<text class="peak" x="{middle:.3f}%" y="{HEADROOM_PX - 7}">{escape(bar.shown)}</text>')
    return _svg(chart, COLUMN_HEIGHT_PX, "columns", drawn)


def rows(chart: Chart, *, rtl: bool) -> str:
    """Lying bars, each under its own name, the number at the far end."""
    widest = max((bar.value for bar in chart.bars), default=0)
    near, far = ("100%", "0") if rtl else ("0", "100%")
    drawn = []
    for place, bar in enumerate(chart.bars):
        top = place * ROW_HEIGHT_PX
        width = _scaled(bar.value, widest, 1000) / 10 * ROW_REACH
        begin = 100 - width if rtl else 0
        drawn.append(
            f"<g><title>{escape(bar.label)}: {escape(bar.shown)}</title>"
            f'<text class="row-name" x="{near}" y="{top + 17}">{escape(_shortened(bar.label))}</text>'
            f'<text class="row-value" x="{far}" y="{top + 40}">{escape(bar.shown)}</text>'
            f'<rect class="bar" x="{begin:.1f}%" y="{top + 27}" width="{width:.1f}%" height="16" rx="4"/></g>'
        )
    return _svg(chart, max(len(chart.bars), 1) * ROW_HEIGHT_PX, "rows", drawn)


def _shortened(name: str) -> str:
    return name if len(name) <= ROW_NAME_CHARS_MAX else name[: ROW_NAME_CHARS_MAX - 1].rstrip() + "…"


def _svg(chart: Chart, height_px: int, kind: str, drawn: Sequence[str]) -> str:
    title, description = f"{chart.id}-title", f"{chart.id}-description"
    return (  # every text above and below went through escape(), so the page may take it as it is
        f'<svg class="chart chart-{kind}" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-labelledby="{title} {description}" width="100%" height="{height_px}">'
        f'<title id="{title}">{escape(chart.title)}</title>'
        f'<desc id="{description}">{escape(chart.description)}</desc>{"".join(drawn)}</svg>'
    )


def _line(y: int) -> str:
    return f'<line class="grid" x1="0" y1="{y}" x2="100%" y2="{y}"/>'


def _scaled(value: int, highest: int, room: int) -> int:
    """A value above nothing is never drawn as nothing."""
    return max(round(room * value / highest), 2) if value > 0 and highest > 0 else 0


def _kept_inside(percent: float) -> float:
    return min(max(percent, 9), 91)
