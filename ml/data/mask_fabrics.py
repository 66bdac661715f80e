"""What masks of the training recipe are made of: colour and relief as functions of texture coordinates.

u: (N,) -1..1 across, v: (N,) 0..1 down, step: texture units per pixel (finer detail would flicker).
Each fabric returns (N, 3) float32 sRGB 0..1, as it looks in even light."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Fabric = Callable[[Floats, Floats, float, np.random.Generator], Floats]

# OKLab: lightness 0..1, green-red, blue-yellow (Ottosson 2020).
SURGICAL = (
    ((0.84, -0.035, -0.045), 0.42),  # light blue
    ((0.74, -0.035, -0.075), 0.08),  # deeper blue
    ((0.84, -0.055, 0.005), 0.14),  # green
    ((0.95, 0.0, 0.0), 0.18),  # white
    ((0.26, 0.0, -0.004), 0.15),  # black
    ((0.86, 0.055, 0.0), 0.03),  # pink
)
RESPIRATOR = (
    ((0.95, 0.0, 0.006), 0.7),
    ((0.28, 0.0, 0.0), 0.1),
    ((0.84, 0.0, 0.0), 0.1),
    ((0.8, -0.03, -0.04), 0.1),
)


def surgical(u: Floats, v: Floats, step: float, rng: np.random.Generator) -> Floats:
    """Three pleats that open towards the middle, hems, a wire over the nose, puckers at the loops."""
    tone = _curvature(u, v, rng) * _puckers(u, v, rng)
    depth = rng.uniform(0.1, 0.26)
    for place in (np.array([0.3, 0.5, 0.7]) + rng.normal(0, 0.015, 3)).tolist():
        below = v - place - rng.uniform(-0.05, 0.05) * (1 - u**2)
        strength = depth * (0.45 + 0.55 * np.abs(u))
        soft = max(0.016, step)
        tone *= (
            1
            - strength * _ridge(below, soft)
            - 0.5 * strength * np.exp(-np.clip(below, 0, None) / 0.07) * (below > 0)
        )
        tone *= 1 + 0.3 * strength * _ridge(below + 2 * soft, soft)
    tone *= 1 - 0.1 * _ridge(v - 0.055, max(0.007, step)) - 0.1 * _ridge(v - 0.95, max(0.007, step))
    tone *= 1 - 0.14 * _ridge(np.abs(u) - 0.93, max(0.012, step))
    tone *= 1 + 0.07 * _ridge(v - 0.085, max(0.016, step)) * (np.abs(u) < rng.uniform(0.25, 0.4))
    tone *= 1 + 0.012 * _grain(u, v, rng, cells=160)
    return _painted(_pick(SURGICAL, rng), tone)


def cloth(u: Floats, v: Floats, step: float, rng: np.random.Generator) -> Floats:
    """Sewn from two halves: seam down the middle, stitched hem; plain, stripes, checks, dots or blotches."""
    ground, print_ = _any_colour(rng), _any_colour(rng)
    pattern = rng.choice(["plain", "stripes", "checks", "dots", "blotches"], p=[0.4, 0.16, 0.14, 0.14, 0.16])
    share = _pattern(str(pattern), u * 1.25, v, step, rng)[:, None]
    tone = _curvature(u, v, rng) * _folds(u, v, rng)
    if rng.random() < 0.7:
        bend = rng.uniform(0.0, 0.05) * np.sin(np.pi * v)
        tone *= 1 - 0.3 * _ridge(u - bend, max(0.012, step)) + 0.06 * _ridge(u - bend - 0.05, 0.03)
    hem = np.minimum(np.minimum(v, 1 - v), 0.6 * (1 - np.abs(u)))
    tone *= 1 - 0.18 * _ridge(hem - 0.045, max(0.006, step)) + 0.05 * (hem < 0.04)
    tone *= 1 + rng.uniform(0.01, 0.04) * _grain(u, v, rng, cells=220)
    colour = _srgb(ground)[None] * (1 - share) + _srgb(print_)[None] * share
    return np.clip(colour * tone[:, None], 0, 1)


def respirator(u: Floats, v: Floats, step: float, rng: np.random.Generator) -> Floats:
    """A stiff cup or three flat panels, welded rim, metal clip over the nose, at times a valve."""
    side = rng.uniform(-0.25, 0.25)
    tone = 1.04 - 0.2 * (u - side) ** 2 - 0.18 * np.clip(v - 0.4, 0, None) ** 1.5
    if rng.random() < 0.5:  # panels
        for place in (0.34, 0.72):
            bent = v - place + 0.1 * (1 - u**2) * (1 if place < 0.5 else -1)
            tone *= 1 - 0.2 * _ridge(bent, max(0.013, step)) - 0.1 * (bent > 0) * (place < 0.5)
    else:
        ring = np.hypot(u * 0.8, (v - 0.52) * 1.6)
        tone *= 1 - 0.1 * _ridge(ring - 0.62, max(0.02, step)) + 0.04 * _ridge(ring - 0.67, 0.03)
    rim = np.minimum(np.minimum(v, 1 - v) * 1.2, (1 - np.abs(u)) * 0.7)
    tone *= 1 - 0.13 * _ridge(rim - 0.06, max(0.008, step)) - 0.05 * (rim < 0.05) * (np.sin(u * 90) > 0)
    tone *= 1 + 0.02 * _grain(u, v, rng, cells=130)
    colour = _painted(_pick(RESPIRATOR, rng), tone)
    clip_half = rng.uniform(0.2, 0.32)
    clip = _inside(0.024 - np.abs(v - 0.075), step) * _inside(clip_half - np.abs(u), step)
    if rng.random() < 0.6:
        colour = _over(colour, clip, 0.62 + 0.25 * _ridge(v - 0.07, 0.012))
    if rng.random() < 0.45:
        colour = _valve(colour, u, v, step, rng)
    return colour


def _valve(colour: Floats, u: Floats, v: Floats, step: float, rng: np.random.Generator) -> Floats:
    across, down = (u - float(rng.choice([-0.42, 0.0, 0.42]))) * 1.25, v - 0.57
    from_middle = (np.abs(across) ** 4 + np.abs(down) ** 4) ** 0.25
    size = rng.uniform(0.13, 0.17)
    grey = rng.uniform(0.35, 0.95)
    relief = (
        1
        + 0.12 * _ridge(from_middle - size * 0.9, 0.02)
        - 0.15 * _ridge(from_middle - size * 0.6, max(0.012, step))
    )
    slots = 1 - 0.3 * (np.sin(down / size * 14) > 0.4) * (from_middle < size * 0.55)
    cast = _inside(size - np.hypot(across - 0.01, down - 0.02) * 0.92, 0.05)
    colour = colour * (1 - 0.25 * cast[:, None])
    return _over(colour, _inside(size - from_middle, step), grey * relief * slots)


def _pattern(name: str, x: Floats, y: Floats, step: float, rng: np.random.Generator) -> Floats:
    """Share 0..1 of the printed colour."""
    turn, pitch = rng.uniform(0, np.pi), max(rng.uniform(0.06, 0.2), 5 * step)
    a, b = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    sharp = pitch / (2 * np.pi * max(step, 1e-3))
    width = rng.uniform(-0.5, 0.5)
    if name == "stripes":
        return _edge(np.sin(a / pitch * 2 * np.pi) + width, sharp)
    if name == "checks":
        one, two = (_edge(np.sin(k / pitch * 2 * np.pi) + width, sharp) for k in (a, b))
        return (one + two) / 2 if rng.random() < 0.6 else one * (1 - two) + two * (1 - one)
    if name == "dots":
        return _edge(np.cos(a / pitch * 2 * np.pi) + np.cos(b / pitch * 2 * np.pi) - 1.1, sharp)
    if name == "blotches":
        return _edge(_smooth_noise(x, y, rng, cells=int(rng.integers(4, 10))) * 3, 4)
    return np.zeros_like(x)


def _curvature(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    """Cloth turns away from the light at the cheeks and under the chin; the nose lifts it."""
    side = rng.uniform(-0.12, 0.12)
    nose = np.exp(-((u / 0.16) ** 2) - ((v - 0.22) / 0.2) ** 2)
    return 1.02 + side * u - 0.16 * np.abs(u) ** 3 - 0.3 * np.clip(v - 0.6, 0, None) ** 1.3 + 0.06 * nose


def _puckers(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    fan = np.arctan2(v - 0.5, 1.25 - np.abs(u))
    rays = np.sin(fan * rng.uniform(14, 24) + rng.uniform(0, 6))
    return 1 - rng.uniform(0.02, 0.08) * rays * np.clip(np.abs(u) - 0.45, 0, None) * 2


def _folds(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    tone = np.ones_like(u)
    for _ in range(3):
        turn = rng.uniform(-0.5, 0.5)
        across = v * np.cos(turn) + u * np.sin(turn) * np.sign(u) - rng.uniform(0.2, 0.9)
        tone -= rng.uniform(0.03, 0.12) * _ridge(across, rng.uniform(0.02, 0.06)) * np.abs(u)
    return tone


def _smooth_noise(x: Floats, y: Floats, rng: np.random.Generator, cells: int) -> Floats:
    """Bilinear value noise, about -1..1, `cells` to a texture unit."""
    table = rng.uniform(-1, 1, (32, 32)).astype(np.float32)
    a, b = x * cells + 64, y * cells + 64
    i, j = a.astype(np.intp), b.astype(np.intp)
    s, t = a - i, b - j
    s, t = s * s * (3 - 2 * s), t * t * (3 - 2 * t)
    corner = [table[(i + p) % 32, (j + q) % 32] for p, q in ((0, 0), (1, 0), (0, 1), (1, 1))]
    return (corner[0] * (1 - s) + corner[1] * s) * (1 - t) + (corner[2] * (1 - s) + corner[3] * s) * t


def _grain(u: Floats, v: Floats, rng: np.random.Generator, cells: int) -> Floats:
    table = rng.uniform(-1, 1, (64, 64)).astype(np.float32)
    return table[(u * cells).astype(np.intp) % 64, (v * cells).astype(np.intp) % 64]


def _ridge(distance: Floats, width: float) -> Floats:
    """1 at 0, falling to 0 at twice the width: about exp(-(distance/width)²), in a third of the time."""
    square = (distance * (0.5 / width)) ** 2
    return np.maximum(1 - square, 0) ** 2


def _inside(distance: Floats, step: float) -> Floats:
    """1 where distance > 0, with an edge of about one pixel."""
    return np.clip(distance / max(step, 1e-4) + 0.5, 0, 1)


def _edge(wave: Floats, sharp: float) -> Floats:
    return np.clip(wave * sharp + 0.5, 0, 1)


def _over(colour: Floats, share: Floats, grey: Floats) -> Floats:
    return colour * (1 - share[:, None]) + share[:, None] * np.clip(grey, 0, 1)[:, None]


def _painted(lab: Floats, tone: Floats) -> Floats:
    return np.clip(_srgb(lab)[None] * tone[:, None], 0, 1)


def _pick(colours: tuple[tuple[tuple[float, float, float], float], ...], rng: np.random.Generator) -> Floats:
    odds = np.array([odd for _, odd in colours])
    lab = np.array(colours[rng.choice(len(colours), p=odds / odds.sum())][0])
    return lab + rng.normal(0, (0.025, 0.01, 0.01))


def _any_colour(rng: np.random.Generator) -> Floats:
    turn, strength = rng.uniform(0, 2 * np.pi), rng.choice([0.0, 1.0], p=[0.3, 0.7]) * rng.uniform(0.02, 0.14)
    return np.array([rng.uniform(0.22, 0.93), strength * np.cos(turn), strength * np.sin(turn)])


def _srgb(lab: Floats) -> Floats:
    """OKLab (3,) → sRGB (3,) 0..1. Source: Ottosson 2020."""
    light, a, b = lab
    cones = (
        np.array(
            [
                light + 0.3963377774 * a + 0.2158037573 * b,
                light - 0.1055613458 * a - 0.0638541728 * b,
                light - 0.0894841775 * a - 1.2914855480 * b,
            ]
        )
        ** 3
    )
    linear = (
        np.array(
            [
                (4.0767416621, -3.3077115913, 0.2309699292),
                (-1.2684380046, 2.6097574011, -0.3413193965),
                (-0.0041960863, -0.7034186147, 1.7076147010),
            ]
        )
        @ cones
    )
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).astype(
        np.float32
    )
