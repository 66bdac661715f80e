"""Small signs on packaging: what is inside, drawn in one or two colours around a centre.

Each motif is (layer, x, y, size, colour, second colour); `size` is about half its height, in units."""

import math
from collections.abc import Callable

from catalogue.demo.stage import Colour, Layer, Point

Motif = Callable[[Layer, float, float, float, Colour, Colour], None]


def leaf(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    _leaf(layer, x, y, size, colour, -0.5)
    _leaf(layer, x, y, size, second, 0.5)


def bean(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for dx, dy, turn in ((-0.55, 0.15, 0.5), (0.5, -0.1, -0.4)):
        cx, cy = x + dx * size, y + dy * size
        layer.polygon(_oval(cx, cy, size * 0.52, size * 0.82, turn), colour)
        bow = [
            (cx + math.sin(t * 3) * size * 0.12 + math.sin(turn) * t * -size, cy + t * size)
            for t in _steps(-0.6, 0.6)
        ]
        layer.line(bow, size * 0.1, second)


def drop(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    layer.blob(
        [
            (x, y - size),
            (x + size * 0.62, y + size * 0.25),
            (x, y + size),
            (x - size * 0.62, y + size * 0.25),
        ],
        colour,
    )
    layer.blob(_oval(x - size * 0.2, y + size * 0.4, size * 0.14, size * 0.28, 0.4)[::4], second)


def wheat(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for lean in (-0.45, 0, 0.45):
        tip = (x + lean * size * 1.4, y - size)
        layer.line([(x, y + size), tip], size * 0.09, second)
        for step in range(5):
            t = 0.25 + step * 0.17
            gx, gy = x + (tip[0] - x) * t, y + size + (tip[1] - y - size) * t
            for side in (-1, 1):
                layer.polygon(
                    _oval(gx + side * size * 0.14, gy, size * 0.09, size * 0.18, side * 0.6 + lean), colour
                )


def citrus(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    layer.disc(x, y, size, colour)
    layer.disc(x, y, size * 0.86, second)
    for step in range(8):
        turn = step * math.pi / 4 + 0.2
        far = [
            (x + math.cos(turn + d) * size * 0.78, y + math.sin(turn + d) * size * 0.78)
            for d in _steps(-0.31, 0.31)
        ]
        layer.polygon([(x + math.cos(turn) * size * 0.12, y + math.sin(turn) * size * 0.12), *far], colour)


def berry(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for dx, dy in ((-0.5, -0.25), (0.5, -0.25), (0, -0.2), (-0.26, 0.22), (0.26, 0.22), (0, 0.65)):
        layer.disc(x + dx * size, y + dy * size, size * 0.34, colour)
        layer.disc(x + dx * size - size * 0.1, y + dy * size - size * 0.1, size * 0.08, "#ffffffb0")
    _leaf(layer, x, y - size * 0.35, size * 0.7, second, 0.9)


def sun(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for step in range(12):
        turn = step * math.pi / 6
        points = [
            (x + math.cos(turn + d) * size * r, y + math.sin(turn + d) * size * r)
            for d, r in ((-0.13, 0.66), (0, 1.05), (0.13, 0.66))
        ]
        layer.polygon(points, second)
    layer.disc(x, y, size * 0.58, colour)


def flower(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for step in range(6):
        turn = step * math.pi / 3
        cx, cy = x + math.cos(turn) * size * 0.55, y + math.sin(turn) * size * 0.55
        layer.polygon(_oval(cx, cy, size * 0.3, size * 0.46, turn + math.pi / 2), colour)
    layer.disc(x, y, size * 0.28, second)


def waves(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for row, tone in enumerate((colour, second, colour)):
        points = [
            (x + t * size * 1.4, y + (row - 1) * size * 0.5 + math.sin(t * 7) * size * 0.16)
            for t in _steps(-1, 1)
        ]
        layer.line(points, size * 0.18, tone)


def bubbles(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for dx, dy, radius in ((-0.5, 0.3, 0.5), (0.35, -0.1, 0.6), (-0.35, -0.6, 0.3), (0.45, 0.75, 0.25)):
        layer.disc(x + dx * size, y + dy * size, radius * size, colour)
        layer.disc(x + dx * size, y + dy * size, radius * size * 0.8, second)
        layer.disc(
            x + (dx - 0.3 * radius) * size, y + (dy - 0.3 * radius) * size, radius * size * 0.22, "#ffffff"
        )


def cross(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    layer.disc(x, y, size, second)
    layer.rounded((x - size * 0.62, y - size * 0.2, x + size * 0.62, y + size * 0.2), size * 0.06, colour)
    layer.rounded((x - size * 0.2, y - size * 0.62, x + size * 0.2, y + size * 0.62), size * 0.06, colour)


def bolt(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    layer.disc(x, y, size, second)
    shape = ((0.15, -0.8), (-0.45, 0.12), (-0.02, 0.12), (-0.15, 0.8), (0.45, -0.15), (0.02, -0.15))
    layer.polygon([(x + dx * size, y + dy * size) for dx, dy in shape], colour)


def nut(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for dx, dy, turn in ((-0.6, 0.1, 0.5), (0.55, 0.2, -0.7), (0, -0.35, 0.1)):
        cx, cy = x + dx * size, y + dy * size
        pointed = [
            (cx + px * size, cy + py * size)
            for px, py in ((0, -0.7), (0.36, -0.05), (0.25, 0.5), (-0.25, 0.5), (-0.36, -0.05))
        ]
        layer.blob(_turned(pointed, cx, cy, turn), colour)
        for shift in (-0.12, 0.08):
            grain = [(cx + shift * size, cy - size * 0.35), (cx + shift * size * 1.4, cy + size * 0.4)]
            layer.line(_turned(grain, cx, cy, turn), size * 0.05, second)


def date(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for dx, dy, turn in ((-0.55, 0.2, 0.35), (0.1, -0.2, 0), (0.65, 0.25, -0.4)):
        cx, cy = x + dx * size, y + dy * size
        layer.polygon(_oval(cx, cy, size * 0.34, size * 0.62, turn), colour)
        layer.polygon(_oval(cx - size * 0.1, cy - size * 0.15, size * 0.06, size * 0.26, turn), second)


def olive(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    layer.line(
        [(x - size, y - size * 0.5), (x, y - size * 0.3), (x + size, y - size * 0.6)], size * 0.08, second
    )
    for dx, turn in ((-0.7, 2.4), (0.05, -2.6), (0.75, 2.6)):
        _leaf(layer, x + dx * size, y - size * 0.4, size * 0.6, second, turn)
    for dx, dy in ((-0.4, 0.3), (0.42, 0.25)):
        layer.polygon(_oval(x + dx * size, y + dy * size, size * 0.34, size * 0.48, 0), colour)
        layer.disc(x + (dx - 0.1) * size, y + (dy - 0.15) * size, size * 0.08, "#ffffffa0")


def tomato(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    layer.polygon(_oval(x, y + size * 0.1, size * 0.95, size * 0.82, 0), colour)
    layer.polygon(_oval(x - size * 0.4, y - size * 0.2, size * 0.14, size * 0.24, 0.6), "#ffffff90")
    for turn in (-2.4, -1.9, -1.3, -0.7, 0):
        _leaf(layer, x, y - size * 0.62, size * 0.5, second, turn + 1.2)


def chip(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    for dx, dy, turn in ((-0.55, 0.15, 0.5), (0.5, 0.25, -0.5), (0, -0.3, 0.1)):
        cx, cy = x + dx * size, y + dy * size
        layer.polygon(_oval(cx, cy, size * 0.68, size * 0.5, turn), second)
        layer.polygon(_oval(cx, cy - size * 0.05, size * 0.62, size * 0.43, turn), colour)
        for sx, sy in ((-0.2, 0), (0.2, 0.1), (0.05, -0.2)):
            layer.disc(cx + sx * size, cy + sy * size, size * 0.05, second)


def cow(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    """Patches of a cow's hide."""
    patches = (
        (-0.7, -0.2, 0.5, 0.35),
        (0.5, -0.4, 0.4, 0.3),
        (0.1, 0.45, 0.55, 0.3),
        (1.05, 0.35, 0.28, 0.4),
        (-1.05, 0.6, 0.25, 0.2),
    )
    for place, (dx, dy, wide, high) in enumerate(patches):
        cx, cy = x + dx * size, y + dy * size
        bumps = [1 + 0.22 * math.sin(place * 2.1 + step * 2.6) for step in range(7)]
        turns = [step * math.tau / 7 for step in range(7)]
        layer.blob(
            [
                (cx + math.cos(t) * wide * b * size, cy + math.sin(t) * high * b * size)
                for t, b in zip(turns, bumps, strict=True)
            ],
            colour,
        )
    del second  # one colour says it


def star(layer: Layer, x: float, y: float, size: float, colour: Colour, second: Colour) -> None:
    """The eight-pointed star of tiles: two squares."""
    for radius, tone in ((1.0, colour), (0.66, second), (0.4, colour)):
        for turn in (0.0, math.pi / 4):
            layer.polygon(
                [
                    (
                        x + math.cos(turn + k * math.pi / 2) * size * radius,
                        y + math.sin(turn + k * math.pi / 2) * size * radius,
                    )
                    for k in range(4)
                ],
                tone,
            )


def _leaf(layer: Layer, x: float, y: float, size: float, colour: Colour, turn: float) -> None:
    right = [(x + math.sin(t * math.pi) * size * 0.34, y - size * t) for t in _steps(0, 1)]
    left = [(2 * x - px, py) for px, py in reversed(right)]
    layer.polygon(_turned(right + left, x, y, turn), colour)
    layer.line(_turned([(x, y), (x, y - size * 0.75)], x, y, turn), size * 0.04, "#ffffff80")


def _oval(x: float, y: float, wide: float, high: float, turn: float) -> list[Point]:
    around = [(x + math.cos(t) * wide, y + math.sin(t) * high) for t in _steps(0, math.tau)]
    return _turned(around, x, y, turn)


def _turned(points: list[Point], x: float, y: float, turn: float) -> list[Point]:
    cosine, sine = math.cos(turn), math.sin(turn)
    return [
        (x + (px - x) * cosine - (py - y) * sine, y + (px - x) * sine + (py - y) * cosine)
        for px, py in points
    ]


def _steps(start: float, end: float, count: int = 28) -> list[float]:
    return [start + (end - start) * step / count for step in range(count + 1)]
