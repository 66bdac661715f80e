"""Masks drawn another way, for testing only: a net trained on masks.py's must not be judged by the same hand.

A flat pattern (outline a closed curve, its own prints, lit from a height map) is drawn in a face's own frame
and bent onto the picture by a thin-plate spline through ten points: the five of a detector and five of the
jaw. Nothing is shared with the training recipe but the landmarks. Source: Bookstein 1989."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Floats = NDArray[np.floating]
Pixels = NDArray[np.uint8]

KINDS = {"boat": 0.4, "gaiter": 0.2, "bandana": 0.2, "printed": 0.2}
FITS = {"normal": 0.74, "nose_out": 0.13, "high": 0.13}

# The frame: widths of the face, x right from the middle, y down from the eyes. Medians over 199 frontal LFW faces.
EYE_CORNERS = ((33, 133), (362, 263))
SINGLE = (4, 61, 291, 172, 397, 234, 454, 152)
FRAME = np.array(
    [
        (-0.226, 0.0), (0.226, 0.0), (0.0, 0.238), (-0.194, 0.47), (0.194, 0.47),
        (-0.405, 0.552), (0.405, 0.552), (-0.5, 0.128), (0.5, 0.128), (0.0, 0.804),
    ]
)  # fmt: skip
LEFT, TOP, RIGHT, BOTTOM = -0.72, -0.12, 0.72, 1.28
CELLS = 18  # a side: the spline is evaluated at their corners

# Right halves of the outlines, from the middle of the upper edge round to the middle of the lower.
OUTLINES = {
    "boat": ((0, 0.1), (0.1, 0.15), (0.27, 0.24), (0.43, 0.3), (0.475, 0.4), (0.42, 0.56), (0.25, 0.79), (0, 0.86)),
    "gaiter": ((0, 0.13), (0.13, 0.17), (0.3, 0.22), (0.46, 0.25), (0.485, 0.42), (0.41, 0.67), (0.35, 1.1), (0, 1.18)),
    "bandana": ((0, 0.12), (0.12, 0.16), (0.32, 0.21), (0.475, 0.2), (0.49, 0.36), (0.39, 0.68), (0.2, 1.0), (0, 1.16)),
    "printed": ((0, 0.09), (0.09, 0.16), (0.25, 0.22), (0.41, 0.22), (0.45, 0.35), (0.4, 0.62), (0.2, 0.83), (0, 0.85)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """One mask laid flat. picture: RGBA of the frame LEFT…RIGHT, TOP…BOTTOM; scale: its px to a face's width."""

    picture: Image.Image
    scale: float


def draw(
    picture: Pixels,
    mesh: Floats,
    rng: np.random.Generator,
    *,
    kind: str | None = None,
    fit: str | None = None,
) -> Pixels:
    """As masks.draw_mask, whose checks have passed."""
    kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    fit = fit or str(rng.choice(list(FITS), p=list(FITS.values())))
    points = np.array([mesh[list(pair)].mean(axis=0) for pair in EYE_CORNERS] + [mesh[i] for i in SINGLE])
    width = (
        float(np.hypot(*(points[8] - points[7])) + np.hypot(*(points[9] - points[:2].mean(axis=0))) / 0.804)
        / 2
    )
    low = np.floor(points.mean(axis=0) - 0.95 * width).clip(0).astype(int)
    high = np.ceil(points.mean(axis=0) + 1.15 * width).astype(int)
    region = picture[low[1] : max(high[1], 0), low[0] : max(high[0], 0)]
    if not region.size:
        return picture.copy()
    near = points - low
    pattern = _pattern(kind, float(np.clip(width * 1.25, 70, 420)), _lamp(region, near, width), rng)
    slip = {"normal": rng.uniform(-0.02, 0.04), "nose_out": rng.uniform(0.17, 0.22), "high": -0.06}[fit]
    bent = _bend(pattern, near, width, slip, (region.shape[1], region.shape[0]))
    result = picture.copy()
    result[low[1] : max(high[1], 0), low[0] : max(high[0], 0)] = _lay_on(region, bent, mesh - low, width, rng)
    return result


def _lamp(region: Pixels, points: Floats, width: float) -> tuple[float, float, float]:
    """How much lighter the image-right cheek is than the other (-1..1), how bright the skin is (0..1), how
    colourful the picture is (0..1)."""
    tones = []
    for x, y in ((points[0] + points[3]) / 2, (points[1] + points[4]) / 2):
        r = max(2, int(0.1 * width))
        patch = region[max(0, int(y) - r) : max(0, int(y) + r), max(0, int(x) - r) : max(0, int(x) + r)]
        tones.append(float(patch.mean()) if patch.size else 120.0)
    few = region[::5, ::5].astype(np.float32)
    colourful = float((few.max(axis=2) - few.min(axis=2)).mean())
    return (
        (tones[1] - tones[0]) / (sum(tones) + 1),
        min(1.0, max(tones) / 190),
        float(np.clip(colourful / 12 - 0.3, 0, 1)),
    )


def _pattern(kind: str, scale: float, lamp: tuple[float, float, float], rng: np.random.Generator) -> Pattern:
    size = (round((RIGHT - LEFT) * scale), round((BOTTOM - TOP) * scale))
    x, y = np.meshgrid(
        np.linspace(LEFT, RIGHT, size[0], dtype=np.float32),
        np.linspace(TOP, BOTTOM, size[1], dtype=np.float32),
    )
    colour = _hsv(*_dye(kind, rng, lamp[2]))[None, None] * np.ones((*x.shape, 1), np.float32)
    if kind in ("bandana", "printed") or (kind == "gaiter" and rng.random() < 0.5):
        second = _hsv(rng.random(), rng.uniform(0, 0.8) * lamp[2], rng.uniform(0.2, 1.0))
        share = _print(x, y, rng)[..., None]
        colour = colour * (1 - share) + second * share
    colour = colour * _lit(_height(kind, x, y, rng), scale, lamp, rng)[..., None]
    outline = _outline(kind, rng)
    cut = Image.new("L", (size[0] * 3, size[1] * 3))
    pen = ImageDraw.Draw(cut)
    pen.polygon(((outline - (LEFT, TOP)) * scale * 3).ravel().tolist(), fill=255)
    cut = cut.reduce(3)
    if kind in ("boat", "printed"):
        colour, cut = _with_cords(colour, cut, outline, scale, rng)
    rgb = Image.fromarray((np.clip(colour, 0, 1) * 255).astype(np.uint8))
    rgb.putalpha(cut.filter(ImageFilter.GaussianBlur(0.006 * scale + 0.3)))
    return Pattern(rgb, scale)


def _outline(kind: str, rng: np.random.Generator) -> Floats:
    """Closed curve (N, 2) in the frame; neither side quite like the other."""
    half = np.array(OUTLINES[kind], float)
    nodes = np.concatenate([half, half[-2:0:-1] * (-1, 1)])
    nodes = nodes * rng.normal(1, 0.02, 2) + rng.normal(0, 0.006, nodes.shape)
    t = np.linspace(0, 1, 8, endpoint=False)[:, None]
    pieces = []
    for i in range(len(nodes)):  # cubic B-spline, drawn out a little since it cuts corners
        a, b, c, d = nodes[i - 1], nodes[i], nodes[(i + 1) % len(nodes)], nodes[(i + 2) % len(nodes)]
        piece = (
            (1 - t) ** 3 * a
            + (3 * t**3 - 6 * t**2 + 4) * b
            + (-3 * t**3 + 3 * t**2 + 3 * t + 1) * c
            + t**3 * d
        )
        pieces.append(piece / 6)
    curve = np.concatenate(pieces)
    middle = curve.mean(axis=0)
    return middle + (curve - middle) * 1.04


def _height(kind: str, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """How far the cloth stands off, in face widths."""
    dome = 0.42 * np.sqrt(np.clip(1 - (x / 0.56) ** 2 - ((y - 0.42) / 0.75) ** 2, 0.02, None))
    dome += 0.05 * np.exp(-((x / 0.09) ** 2) - ((y - 0.22) / 0.1) ** 2)
    if kind == "boat":  # three panels between two folds
        for fold, width in ((0.33 + 0.35 * x**2, 0.07), (0.63 - 0.3 * x**2, 0.05)):
            dome += 0.016 * np.exp(-np.abs(y - fold) / width)
    else:
        for _ in range(5):
            turn, place = rng.uniform(-1.2, 1.2), rng.uniform(-0.4, 0.9)
            across = (y - 0.4) * np.cos(turn) + x * np.sin(turn) - (place - 0.3) * 0.7
            width = rng.uniform(0.02, 0.05) * (1 if kind == "printed" else 1.6)
            dome += rng.uniform(0.004, 0.013) * np.exp(-((across / width) ** 2)) * (np.abs(x) + 0.2)
    return dome


def _lit(height: Floats, scale: float, lamp: tuple[float, float, float], rng: np.random.Generator) -> Floats:
    """Lambert's cosine under one lamp above the camera and even light from all round."""
    down, across = np.gradient(height * scale)
    towards = np.array([np.clip(lamp[0] * 2.5, -0.8, 0.8), rng.uniform(-0.6, -0.3), 1.0])
    towards /= np.sqrt((towards**2).sum())
    cosine = (-across * towards[0] - down * towards[1] + towards[2]) / np.sqrt(1 + across**2 + down**2)
    weave = rng.normal(0, 0.012, height.shape)
    light = 0.42 + 0.62 * np.clip(cosine, 0, None) + weave
    return (light * (0.45 + 0.5 * lamp[1])).astype(np.float32)


def _print(x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
    """Share of the second dye: waves through each other, rings, a fade, or a round badge."""
    f = rng.uniform(18, 45)
    choice = rng.integers(4)
    if choice == 0:
        wave = np.sin(f * x + 3 * np.sin(0.6 * f * y)) + np.sin(f * y + 3 * np.sin(0.6 * f * x))
        return 1 / (1 + np.exp(-6 * (wave - 0.4)))
    if choice == 1:
        place = rng.uniform((-0.3, 0.2), (0.3, 0.8))
        return 0.5 + 0.5 * np.tanh(3 * np.sin(f * np.hypot(x - place[0], y - place[1])))
    if choice == 2:
        return 1 / (1 + np.exp(-(y - 0.5) * rng.uniform(8, 30)))
    round_ = np.hypot(x - rng.uniform(-0.15, 0.15), y - rng.uniform(0.45, 0.58)) / rng.uniform(0.05, 0.12)
    return 1 / (1 + np.exp(-12 * np.sin(np.clip(round_, 0, 1) * rng.choice([3.2, 9.4])))) * (round_ < 1)


def _with_cords(
    colour: Floats, cut: Image.Image, outline: Floats, scale: float, rng: np.random.Generator
) -> tuple[Floats, Image.Image]:
    """Flat elastic bands to the ears, drawn under the cloth's own edge."""
    bands = Image.new("L", cut.size)
    pen = ImageDraw.Draw(bands)
    for side in (-1, 1):
        edge = outline[np.abs(outline[:, 0] - side * 0.43) < 0.06]
        for y, ear in ((edge[:, 1].min(), 0.1), (edge[:, 1].max() - 0.04, 0.36)):
            line = ((side * 0.4, y + 0.03), (side * 0.47, (y + ear) / 2), (side * 0.53, ear))
            pen.line(
                [((a - LEFT) * scale, (b - TOP) * scale) for a, b in line],
                fill=210,
                width=max(1, round(0.022 * scale)),
            )
    colour[(np.asarray(cut) == 0) & (np.asarray(bands) > 0)] = rng.choice([0.85, 0.2])
    return colour, Image.fromarray(np.maximum(np.asarray(cut), np.asarray(bands)))


def _bend(pattern: Pattern, points: Floats, width: float, slip: float, size: tuple[int, int]) -> Image.Image:
    """The pattern as RGBA of the picture's region. slip: how much lower than usual, in face widths."""
    xs = np.unique(np.linspace(0, size[0], CELLS + 1).round().astype(int))
    ys = np.unique(np.linspace(0, size[1], CELLS + 1).round().astype(int))
    nodes = np.stack(np.meshgrid(xs, ys), axis=-1)
    flat = _thin_plate(points, FRAME, width, nodes.reshape(-1, 2).astype(float)).reshape(nodes.shape)
    flat = (flat - (LEFT, TOP + slip)) * pattern.scale
    quads = []
    for i in range(len(ys) - 1):
        for j in range(len(xs) - 1):
            corners = flat[[i, i + 1, i + 1, i], [j, j, j + 1, j + 1]]
            quads.append(((xs[j], ys[i], xs[j + 1], ys[i + 1]), tuple(corners.ravel().tolist())))
    return pattern.picture.transform(size, Image.Transform.MESH, quads, Image.Resampling.BILINEAR)


def _thin_plate(start: Floats, goal: Floats, width: float, at: Floats, stiffness: float = 0.02) -> Floats:
    """The smoothest map that brings `start` near `goal`, at the places `at` (N, 2)."""
    middle = start.mean(axis=0)
    a, b = (start - middle) / width, (at - middle) / width

    def kernel(p: Floats, q: Floats) -> Floats:
        square = ((p[:, None] - q[None]) ** 2).sum(axis=2)
        return square * np.log(square + 1e-9)

    n = len(a)
    flat = np.concatenate([np.ones((n, 1)), a], axis=1)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = kernel(a, a) + stiffness * np.eye(n)
    system[:n, n:], system[n:, :n] = flat, flat.T
    weights = np.linalg.solve(system, np.concatenate([goal, np.zeros((3, 2))]))
    return kernel(b, a) @ weights[:n] + np.concatenate([np.ones((len(b), 1)), b], axis=1) @ weights[n:]


def _lay_on(
    region: Pixels, bent: Image.Image, mesh: Floats, width: float, rng: np.random.Generator
) -> Pixels:
    """The shadow falls straight down from the upper lights, so it is seen on the neck more than on the cheeks."""
    share = ImageChops.multiply(bent.getchannel("A"), _reach(mesh, width, bent.size))
    lids = Image.new("L", share.size, 255)
    pen = ImageDraw.Draw(lids)
    for outer, inner in EYE_CORNERS:
        middle, reach = (mesh[outer] + mesh[inner]) / 2, 0.62 * float(np.hypot(*(mesh[outer] - mesh[inner])))
        half = np.array([reach, 0.6 * reach])
        pen.ellipse([*(middle - half), *(middle + half)], fill=0)
    keep = np.asarray(lids, np.float32)[..., None] / 255
    over = np.asarray(share, np.float32)[..., None] / 255 * keep
    fallen = Image.new("L", share.size)
    fallen.paste(share, (0, round(0.025 * width)))
    dark = np.asarray(fallen.filter(ImageFilter.GaussianBlur(0.03 * width)), np.float32)[..., None] / 255
    skin = region * (1 - rng.uniform(0.2, 0.5) * dark * keep * (1 - over))
    cloth = np.asarray(bent.convert("RGB"), np.float32) + rng.normal(0, 1.2, (*over.shape[:2], 1)).astype(
        np.float32
    )
    return (skin * (1 - over) + cloth * over).round().clip(0, 255).astype(np.uint8)


def _reach(mesh: Floats, width: float, size: tuple[int, int]) -> Image.Image:
    """255 where cloth can be: on the face, what hangs from it, and a finger around. On the far side of a turned
    head the spline knows no end."""
    down = mesh[152] - (mesh[33] + mesh[263]) / 2
    canvas = Image.new("L", size)
    pen = ImageDraw.Draw(canvas)
    around = _hull(np.concatenate([mesh, mesh + 0.5 * down]))
    pen.polygon([tuple(point) for point in around.tolist()], fill=255)
    pen.line(
        [tuple(point) for point in [*around.tolist(), around[0].tolist()]],
        fill=255,
        width=round(0.14 * width),
        joint="curve",
    )
    return canvas.filter(ImageFilter.GaussianBlur(0.012 * width))


def _hull(points: Floats) -> Floats:
    """Convex hull (M, 2), turning one way. Source: Andrew 1979, the monotone chain."""
    ordered = points[np.lexsort((points[:, 1], points[:, 0]))]

    def chain(row: Floats) -> list[Floats]:
        kept: list[Floats] = []
        for point in row:
            while len(kept) > 1:
                a, b = kept[-1] - kept[-2], point - kept[-2]
                if a[0] * b[1] - a[1] * b[0] > 0:
                    break
                kept.pop()
            kept.append(point)
        return kept[:-1]

    return np.array(chain(ordered) + chain(ordered[::-1]))


def _dye(kind: str, rng: np.random.Generator, colourful: float) -> tuple[float, float, float]:
    if kind == "boat":
        plain = (
            (0.1, 0.02, 0.97),
            (0.0, 0.0, 0.13),
            (0.08, 0.16, 0.88),
            (0.62, 0.35, 0.35),
            (0.96, 0.18, 0.92),
        )
        h, s, v = plain[rng.choice(len(plain), p=[0.45, 0.25, 0.1, 0.1, 0.1])]
        return h, s * colourful, float(np.clip(v + rng.normal(0, 0.03), 0.08, 1))
    return rng.random(), rng.uniform(0.1, 0.85) * colourful, rng.uniform(0.15, 0.95)


def _hsv(hue: float, saturation: float, value: float) -> Floats:
    k = (np.array([5.0, 3.0, 1.0]) + hue * 6) % 6
    return (value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)).astype(np.float32)
