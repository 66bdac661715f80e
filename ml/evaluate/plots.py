"""Plots as SVG text: no library, no script, so that a page is one file that opens anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 560, 400
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 52, 46
LEGEND = 120  # from one name to the next
COLOURS = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce")


@dataclass(frozen=True)
class Axis:
    """low, high: ends of the axis in data units; log: decades are equally long."""

    label: str
    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """0..1 along the axis; values beyond the ends stay at the end."""
        inside = min(max(value, self.low), self.high)
        if self.log:
            return (log10(inside) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return (inside - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        if self.log:
            exponents = range(ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9) + 1)
            return [(10.0**e, f"1e{e}" if e < -1 else f"{10.0**e:g}") for e in exponents]
        step = (self.high - self.low) / 5
        return [(self.low + i * step, f"{self.low + i * step:.3g}") for i in range(6)]


@dataclass(frozen=True)
class Line:
    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


class Svg(str):
    """Text that a notebook shows as the picture it is."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


def plot(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> Svg:
    """One <svg> with axes, grid, legend and a description for readers who do not see it."""
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" '
        'xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="18" font-size="14" font-weight="600">{escape(title)}</text>',
        *_grid(x, y),
    ]
    for index, line in enumerate(lines):
        colour = COLOURS[index % len(COLOURS)]
        spots = [(_across(x, a), _down(y, b)) for a, b in line.points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if line.dots:
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.5" fill="{colour}"/>' for a, b in spots]
        at = LEFT + LEGEND * index
        parts.append(f'<rect x="{at}" y="33" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{at + 20}" y="39">{escape(line.name)}</text>')
    return Svg("\n".join([*parts, "</svg>"]))


def _grid(x: Axis, y: Axis) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value, text in x.ticks():
        at = _across(x, value)
        parts.append(f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 16}" text-anchor="middle">{text}</text>')
    for value, text in y.ticks():
        at = _down(y, value)
        parts.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>')
    middle = (TOP + bottom) / 2
    return [
        *parts,
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x.label)}</text>',
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(y.label)}</text>',
    ]


def _across(axis: Axis, value: float) -> float:
    return LEFT + axis.place(value) * (WIDTH - RIGHT - LEFT)


def _down(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - BOTTOM - TOP)


def det_plot(curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Svg:
    """Detection error trade-off: FNMR over FMR, both in decades; further down and left is better."""
    low_x, low_y = _lowest(curves, 0), _lowest(curves, 1)
    return plot(
        "DET: what a stranger gets against what a shopper loses",
        Axis("FMR (strangers let through)", low_x, 1, log=True),
        Axis("FNMR (shoppers refused)", low_y, 1, log=True),
        [Line(name, [(max(a, low_x), max(b, low_y)) for a, b in points if a > 0]) for name, points in curves],
    )


def roc_plot(curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Svg:
    """Receiver operating characteristic: the share of shoppers recognised over FMR."""
    low = _lowest(curves, 0)
    return plot(
        "ROC: shoppers recognised",
        Axis("FMR (strangers let through)", low, 1, log=True),
        Axis("1 − FNMR (shoppers recognised)", 0, 1),
        [Line(name, [(a, 1 - b) for a, b in points if a > 0]) for name, points in curves],
    )


def reliability_plot(curves: Sequence[tuple[str, Sequence[tuple[float, float]]]]) -> Svg:
    """What was said against what happened; the diagonal is honest."""
    diagonal = Line("honest", [(0, 0), (1, 1)])
    return plot(
        "Reliability: said against happened",
        Axis("probability said", 0, 1),
        Axis("share that was the same person", 0, 1),
        [*(Line(name, points, dots=True) for name, points in curves), diagonal],
    )


def _lowest(curves: Sequence[tuple[str, Sequence[tuple[float, float]]]], index: int) -> float:
    values = [point[index] for _, points in curves for point in points if point[index] > 0]
    return float(10.0 ** min(-1, floor(log10(min(values, default=0.1)) + 1e-9)))
