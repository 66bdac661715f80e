"""Where a product stands: layers in 480 units drawn at twice the size, light, shadow, backdrop.

Everything is a pure function of its arguments: drawing twice gives the same pixels."""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from catalogue.fonts import SEMIBOLD

SIDE = 480
SCALE = 2
FLOOR = 424  # products stand on this line

Colour = str  # "#rrggbb", or "#rrggbbaa"
Point = tuple[float, float]
Box = tuple[float, float, float, float]
Shade = NDArray[np.float32]  # (H, W): alpha 0..1, or brightness, where 1 is unchanged
Light = Callable[[Shade], Shade]


class Layer:
    """One piece of a product, flat until `lit`."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (SIDE * SCALE, SIDE * SCALE), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Iterable[Point], colour: Colour) -> None:
        self._draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=colour)

    def blob(self, points: Sequence[Point], colour: Colour) -> None:
        """A closed smooth curve through `points`."""
        self.polygon(smooth(points), colour)

    def ellipse(self, box: Box, colour: Colour) -> None:
        self._draw.ellipse(_scaled(box), fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.ellipse((x - radius, y - radius, x + radius, y + radius), colour)

    def rounded(self, box: Box, radius: float, colour: Colour) -> None:
        self._draw.rounded_rectangle(_scaled(box), radius * SCALE, fill=colour)

    def line(self, points: Iterable[Point], width: float, colour: Colour) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self._draw.line(scaled, fill=colour, width=round(width * SCALE), joint="curve")
        for x, y in (scaled[0], scaled[-1]):
            half = width * SCALE / 2
            self._draw.ellipse((x - half, y - half, x + half, y + half), fill=colour)

    def text(self, box: Box, words: str, colour: Colour, *, lines_max: int = 3) -> None:
        """As large as fits, centred in the box, wrapped at spaces."""
        left, top, right, bottom = _scaled(box)
        lines, font = _fitted(words, right - left, bottom - top, lines_max)
        step = _line_height(font)
        y = (top + bottom - step * len(lines)) / 2
        for line in lines:
            self._draw.text(((left + right) / 2, y + step / 2), line, fill=colour, font=font, anchor="mm")
            y += step

    def turned(self, degrees: float, centre: Point = (SIDE / 2, SIDE / 2)) -> "Layer":
        centre_px = (centre[0] * SCALE, centre[1] * SCALE)
        return _of(self.image.rotate(degrees, Image.Resampling.BICUBIC, center=centre_px))

    def printed_on(self, body: "Layer") -> "Layer":
        """This artwork on that body: nothing outside its outline."""
        inside = ImageChops.multiply(self.image.getchannel("A"), body.image.getchannel("A"))
        art = self.image.copy()
        art.putalpha(inside)
        return _of(Image.alpha_composite(body.image, art))

    def over(self, other: "Layer") -> "Layer":
        return _of(Image.alpha_composite(other.image, self.image))

    def lit(self, light: Light) -> "Layer":
        rgba = np.asarray(self.image, dtype=np.float32)
        brightness = light((rgba[..., 3] / 255).astype(np.float32))[..., None]
        dark = rgba[..., :3] * np.minimum(brightness, 1)
        rgb = dark + (255 - dark) * np.clip(brightness - 1, 0, 1)
        out = np.dstack([np.clip(rgb, 0, 255), rgba[..., 3]]).astype(np.uint8)
        return _of(Image.fromarray(out, "RGBA"))


def flat(alpha: Shade) -> Shade:
    """A front face: a little lighter at the top."""
    _, top, _, bottom = _bounds(alpha)
    y = np.arange(alpha.shape[0], dtype=np.float32)[:, None]
    fall = np.clip((y - top) / max(bottom - top, 1), 0, 1)
    return np.broadcast_to((1.06 - 0.14 * fall).astype(np.float32), alpha.shape)


def cylinder(alpha: Shade) -> Shade:
    """Lit from the left: a highlight at a quarter of the width, the right side in shadow."""
    left, _, right, _ = _bounds(alpha)
    x = np.arange(alpha.shape[1], dtype=np.float32)[None, :]
    u = np.clip((x - left) / max(right - left, 1), 0, 1)
    form = 0.62 + 0.40 * np.sqrt(np.sin(np.pi * (0.06 + 0.88 * u))) - 0.10 * u
    shine = 0.42 * np.exp(-(((u - 0.24) / 0.055) ** 2)) + 0.12 * np.exp(-(((u - 0.86) / 0.03) ** 2))
    return np.broadcast_to((form + shine).astype(np.float32), alpha.shape)


def puffy(alpha: Shade) -> Shade:
    """Anything soft: the blurred outline is a height, lit from the upper left."""
    mask = Image.fromarray((alpha * 255).astype(np.uint8), "L")
    height = np.zeros(alpha.shape, dtype=np.float64)
    for radius in (8, 22, 44):
        height += np.asarray(mask.filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32) / 255 * radius
    slope_y, slope_x = np.gradient(height)
    light = 0.97 + 0.34 * (slope_x + 1.1 * slope_y)
    return np.asarray(np.clip(light, 0.55, 1.35), dtype=np.float32)


def staged(parts: Iterable[Layer], backdrop: Colour) -> Image.Image:
    """The parts, back to front, on a backdrop with their shadow; 480 × 480 RGB."""
    product = Image.new("RGBA", (SIDE * SCALE, SIDE * SCALE), (0, 0, 0, 0))
    for part in parts:
        product = Image.alpha_composite(product, part.image)
    scene = _backdrop(backdrop)
    scene = Image.alpha_composite(scene, _shadow(product.getchannel("A")))
    scene = Image.alpha_composite(scene, product)
    return scene.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def smooth(points: Sequence[Point], steps: int = 14) -> list[Point]:
    """A closed Catmull-Rom curve through the points."""
    n = len(points)
    quads = [tuple(points[(i + k) % n] for k in (-1, 0, 1, 2)) for i in range(n)]
    return [_catmull_rom(quad, step / steps) for quad in quads for step in range(steps)]


def turned_profile(centre_x: float, profile: Sequence[Point]) -> list[Point]:
    """The outline of something turned on a lathe. profile: (half width, y) from top to bottom, corners kept."""
    right = [(centre_x + half, y) for half, y in profile]
    return right + [(centre_x - half, y) for half, y in reversed(profile)]


def eased(start: Point, end: Point, steps: int = 16) -> list[Point]:
    """From (half width, y) to another with a level start and end: a bottle's shoulder."""
    shares = [step / steps for step in range(steps + 1)]
    eases = [(1 - math.cos(math.pi * share)) / 2 for share in shares]
    return [
        (start[0] + (end[0] - start[0]) * ease, start[1] + (end[1] - start[1]) * share)
        for share, ease in zip(shares, eases, strict=True)
    ]


def _catmull_rom(quad: Sequence[Point], t: float) -> Point:
    a, b, c, d = (np.asarray(point, dtype=np.float64) for point in quad)
    x, y = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return float(x), float(y)


def _backdrop(colour: Colour) -> Image.Image:
    side = SIDE * SCALE
    base = np.asarray(Image.new("RGB", (1, 1), colour), dtype=np.float32)[0, 0]
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    glow = np.exp(-(((x - 0.5) ** 2 + (y - 0.42) ** 2) / 0.10))
    wall = 0.10 + 0.62 * glow
    floor = np.clip((y - 0.80) / 0.02, 0, 1) * (0.16 - 0.5 * np.clip(y - 0.80, 0, 1))
    share = np.clip(wall - floor, 0, 1)[..., None]
    rgb = base * (1 - share) + 255 * share
    return Image.fromarray(rgb.astype(np.uint8), "RGB").convert("RGBA")


def _shadow(alpha: Image.Image) -> Image.Image:
    left, _, right, bottom = alpha.getbbox() or (0, 0, 1, 1)
    contact = Image.new("L", alpha.size, 0)
    reach = (right - left) * 0.06
    ImageDraw.Draw(contact).ellipse((left - reach, bottom - 24, right + reach * 2, bottom + 22), fill=150)
    contact = contact.filter(ImageFilter.GaussianBlur(14))
    cast = ImageChops.offset(alpha.point(lambda value: value * 0.28), 26, 12).filter(
        ImageFilter.GaussianBlur(26)
    )
    shadow = Image.new("RGBA", alpha.size, "#20252e")
    shadow.putalpha(ImageChops.lighter(contact, cast))
    return shadow


def _of(image: Image.Image) -> Layer:
    layer = Layer.__new__(Layer)
    layer.image = image
    layer._draw = ImageDraw.Draw(image)
    return layer


def _bounds(alpha: Shade) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def _scaled(box: Box) -> Box:
    left, top, right, bottom = box
    return left * SCALE, top * SCALE, right * SCALE, bottom * SCALE


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(SEMIBOLD), size_px, layout_engine=ImageFont.Layout.BASIC)


def _line_height(font: ImageFont.FreeTypeFont) -> float:
    return font.size * 1.08


def _fitted(
    words: str, width: float, height: float, lines_max: int
) -> tuple[list[str], ImageFont.FreeTypeFont]:
    for size in range(110, 10, -2):
        font = _font(size)
        lines = _wrapped(words, font, width)
        if len(lines) <= min(lines_max, height / _line_height(font)) and all(
            font.getlength(line) <= width for line in lines
        ):
            return lines, font
    raise ValueError(f"{words!r} does not fit")


def _wrapped(words: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
