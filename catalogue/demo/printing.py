"""What stands on a pack: a sign, words and a small line, on a band or straight on the pack."""

from dataclasses import dataclass

from catalogue.demo.motifs import Motif
from catalogue.demo.stage import Box, Colour, Layer, Point

CENTRE = 240.0
WHITE = "#ffffff"


@dataclass(frozen=True, slots=True)
class Print:
    """What is printed: a sign, below it the English words on a label band, below them a smaller line."""

    words: str
    small: str
    motif: Motif
    body: Colour
    band: Colour
    ink: Colour
    accent: Colour
    second: Colour = WHITE


def band(look: Print, box: Box, *, inset: float = 10, under: Colour = "", sides: Colour = "") -> Layer:
    """Motif, words, small line; on a band in `look.band`, or straight on the pack, whose colour is `under`."""
    left, top, right, bottom = box
    high = bottom - top
    layer = Layer()
    if not under:
        layer.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], look.band)
        for y in (top, bottom - 6):
            layer.polygon([(left, y), (right, y), (right, y + 6), (left, y + 6)], sides or look.accent)
    if under:
        layer.rounded((left + inset, top + high * 0.40, right - inset, top + high * 0.78), 10, look.band)
    look.motif(
        layer,
        (left + right) / 2,
        top + high * 0.22,
        min(high * 0.15, (right - left) * 0.24),
        look.accent,
        look.second,
    )
    layer.text(
        (left + inset + 4, top + high * 0.40, right - inset - 4, top + high * 0.78), look.words, look.ink
    )
    small = WHITE if under and is_dark(under) else look.ink
    layer.text(
        (left + inset + 10, top + high * 0.80, right - inset - 10, top + high * 0.93),
        look.small,
        small,
        lines_max=1,
    )
    return layer


def cut(outline: list[Point], colour: Colour) -> Layer:
    layer = Layer()
    layer.polygon(outline, colour)
    return layer


def is_dark(colour: Colour) -> bool:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue < 120


def darker(colour: Colour, by: float) -> Colour:
    """Brightness times `by`; above 1 it goes towards white."""
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    if by > 1:
        return "#" + "".join(f"{round(part + (255 - part) * (by - 1) * 2):02x}" for part in parts)
    return "#" + "".join(f"{round(part * by):02x}" for part in parts)
