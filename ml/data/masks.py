"""Simulated face masks, drawn from the 468 landmarks of a face.

Recipe "train": surgical, cloth and respirator masks that follow the mesh. Recipe "other", for tests only, draws
with another method (mask_other), so that a figure on masked faces does not measure our own drawing."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from ml.data import mask_fabrics, mask_other
from ml.data.mask_shape import (
    EARS,
    EYES,
    OVAL_LEFT,
    OVAL_RIGHT,
    POINTS,
    Window,
    lay,
    texture_coordinates,
)

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating]
Recipe = Literal["train", "other"]
RECIPES: tuple[Recipe, ...] = ("train", "other")
FACE_PX_MIN = 12  # narrower than this, a mask is a smear
GREY_MAX = 5  # mean difference between the channels of a picture without colour

KINDS = {"surgical": 0.5, "cloth": 0.28, "respirator": 0.22}
FITS = {"normal": 0.7, "nose_out": 0.1, "chin_out": 0.1, "high": 0.1}
FABRICS: dict[str, mask_fabrics.Fabric] = {
    "surgical": mask_fabrics.surgical,
    "cloth": mask_fabrics.cloth,
    "respirator": mask_fabrics.respirator,
}
STRAPS = ((0.95, 0.95, 0.93), (0.93, 0.85, 0.45), (0.2, 0.2, 0.22), (0.35, 0.5, 0.75))
LOOPS = ((0.93, 0.93, 0.92), (0.15, 0.15, 0.15))


class MeshUnusable(ValueError):
    """The landmarks cannot carry a mask: wrong shape, not finite, or the face is too small."""


def draw_mask(
    picture: Pixels,
    mesh: Floats,
    rng: np.random.Generator,
    recipe: Recipe = "train",
    *,
    kind: str | None = None,
    fit: str | None = None,
) -> Pixels:
    """picture: (H, W, 3) uint8 RGB, left as it is. mesh: (468, 2) px, partly outside the picture if need be.
    Returns a new picture of the same size; the same generator state draws the same mask. kind and fit are
    drawn unless named: of KINDS and FITS for "train", of mask_other's for "other". Raises MeshUnusable."""
    _check(mesh)
    mesh = np.asarray(mesh, np.float64)
    if recipe == "other":
        return mask_other.draw(picture, mesh, rng, kind=kind, fit=fit)
    kind = kind or str(rng.choice(list(KINDS), p=list(KINDS.values())))
    fit = fit or str(rng.choice(list(FITS), p=list(FITS.values())))
    return _draw_on(picture, mesh, rng, kind, fit)


def _check(mesh: Floats) -> None:
    if np.shape(mesh) != (POINTS, 2):
        raise MeshUnusable(f"a mask needs ({POINTS}, 2) landmarks, not {np.shape(mesh)}")
    if not np.isfinite(mesh).all():
        raise MeshUnusable("a landmark is not a finite number")
    if np.ptp(mesh, axis=0).min() < FACE_PX_MIN:
        raise MeshUnusable(f"the face is narrower than {FACE_PX_MIN} px")


def _draw_on(picture: Pixels, mesh: Floats, rng: np.random.Generator, kind: str, fit: str) -> Pixels:
    points = lay(mesh, _window(kind, fit, rng))
    width = float(np.hypot(*(mesh[OVAL_RIGHT] - mesh[OVAL_LEFT])) + np.ptp(mesh[:, 1])) / 2
    box = _box(points, mesh, width, picture.shape)
    if box[0] >= box[2] or box[1] >= box[3]:
        return picture.copy()
    part = Image.fromarray(picture[box[1] : box[3], box[0] : box[2]])
    origin = np.array(box[:2])
    points, near = points - origin, mesh - origin
    cover, u, v = texture_coordinates(points, part.size)
    layer = _strings(points, near, part.size, width, kind, rng)
    inside = np.flatnonzero(cover)
    share = cover.ravel()[inside, None]
    colour = FABRICS[kind](u.ravel()[inside], v.ravel()[inside], 2.2 / width, rng)
    colour *= _light(part, cover, inside, rng)
    colour += _noise(len(colour), rng)
    woven = np.empty((len(inside), 4), np.float32)
    np.clip(colour * 255, 0, 255, out=woven[:, :3])
    woven[:, 3] = 255
    flat = layer.reshape(-1, 4)
    flat[inside] = flat[inside] * (1 - share) + woven * share
    drawn = _laid_over(part, layer, width, rng)
    drawn.paste(part, mask=_eyes(near, part.size))
    result = picture.copy()
    result[box[1] : box[3], box[0] : box[2]] = np.asarray(drawn)
    return result


def _window(kind: str, fit: str, rng: np.random.Generator) -> Window:
    window = {
        "surgical": Window(bottom=rng.uniform(1.02, 1.14), bulge=rng.uniform(0.0, 0.5)),
        "cloth": Window(
            bottom=rng.uniform(1.02, 1.14), rounding=rng.uniform(0.05, 0.3), bulge=rng.uniform(0.1, 0.6)
        ),
        "respirator": Window(
            bottom=rng.uniform(1.0, 1.1),
            width=rng.uniform(0.82, 0.95),
            rounding=rng.uniform(0.3, 0.5),
            bulge=rng.uniform(0.6, 1.6),
        ),
    }[kind]
    top, bottom = rng.uniform(-0.03, 0.06), window.bottom
    if fit == "nose_out":
        top, bottom = rng.uniform(0.34, 0.44), bottom + 0.06
    elif fit == "chin_out":
        top, bottom = rng.uniform(-0.05, 0.05), rng.uniform(0.74, 0.86)
    elif fit == "high":
        top = rng.uniform(-0.16, -0.08)
    return replace(window, top=top, bottom=bottom, tilt=rng.normal(0, 0.015))


def _box(points: Floats, mesh: Floats, width: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """left, top, right, bottom of what may change, inside the picture."""
    all_ = np.concatenate([points.reshape(-1, 2), mesh[np.ravel(EARS)]])
    low = np.floor(all_.min(axis=0) - 0.16 * width).clip(0).astype(int)
    high = np.ceil(all_.max(axis=0) + 0.16 * width).clip(0).astype(int)
    return int(low[0]), int(low[1]), min(int(high[0]), shape[1]), min(int(high[1]), shape[0])


def _light(part: Image.Image, cover: Floats, inside: NDArray[np.intp], rng: np.random.Generator) -> Floats:
    """(N, 3): the face's own light at the N flat places `inside`. Only what changes slowly across the covered
    skin, so that lips and beard do not shine through, and less colour than the picture has."""
    weight = Image.fromarray((cover * 255).astype(np.uint8))
    grey = part.convert("L")
    lit, seen = (
        np.asarray(field.resize((5, 5), Image.Resampling.BOX), np.float32) / 255
        for field in (ImageChops.multiply(grey, weight), weight)
    )
    mean = max(float(lit.sum() / max(float(seen.sum()), 1e-3)), 0.02)
    slow = np.clip((lit + 0.02 * mean) / (seen + 0.02) / mean, 0.3, 1.6) ** rng.uniform(0.7, 1.0)
    light = np.asarray(Image.fromarray(slow).resize(part.size, Image.Resampling.BICUBIC)).ravel()[inside]
    few = np.asarray(part)[::5, ::5].reshape(-1, 3)
    white = float(np.percentile(few, 96)) / 245
    exposure = np.clip(0.25 + 0.75 * white, 0.3, 1.02) * np.clip(0.8 + 0.36 * mean, 0.8, 1.05)
    tint = few.mean(axis=0) / max(float(few.mean()), 1.0)
    colour = (float(exposure) * rng.uniform(0.92, 1.04) * (1 + 0.25 * (tint - 1))).astype(np.float32)
    return light[:, None] * colour


def _noise(count: int, rng: np.random.Generator) -> Floats:
    """(count, 1): the camera's; the feathering after it leaves about a third."""
    table = rng.standard_normal(4093, np.float32) * np.float32(rng.uniform(0.5, 2.5) * 3 / 255)
    return np.resize(table, count)[:, None]


def _strings(
    points: Floats, mesh: Floats, size: tuple[int, int], width: float, kind: str, rng: np.random.Generator
) -> Floats:
    """(H, W, 4) 0..255, premultiplied: ear loops, or the two straps of a respirator, fading out at the hair."""
    canvas = Image.new("L", (2 * size[0], 2 * size[1]))
    draw = ImageDraw.Draw(canvas)
    straps = kind == "respirator"
    thick = width * (rng.uniform(0.018, 0.03) if straps else rng.uniform(0.01, 0.018))
    for side, (upper, lower) in zip((0, -1), EARS, strict=True):
        corner, inner = points[:, side], points[:, 1 if side == 0 else -2]
        outward = (corner - inner).mean(axis=0)
        outward /= max(float(np.hypot(*outward)), 1e-6)
        if (outward[0] > 0) == (side == 0) or np.abs((corner - inner)[:, 0]).mean() < 0.015 * width:
            continue  # the head hides this side
        ends = (mesh[upper], mesh[lower]) if not straps else (mesh[upper] - (0, 0.08 * width), mesh[lower])
        for start, end in zip((corner[1], corner[-2]), ends, strict=True):
            _curve(draw, start * 2, (end + outward * 0.05 * width) * 2, thick * 2, rng.uniform(-0.06, 0.06))
    colour = STRAPS[rng.integers(len(STRAPS))] if straps else LOOPS[int(rng.random() < 0.15)]
    colour = STRAPS[rng.integers(len(STRAPS))] if straps else LOOPS[int(rng.random() < 0.15)]
    bright = np.array([*(np.array(colour) * rng.uniform(0.7, 0.95)), 1], np.float32)
    share = np.asarray(canvas.reduce(2)).ravel()
    layer = np.zeros((len(share), 4), np.float32)
    at = np.flatnonzero(share)
    layer[at] = share[at, None] * bright
    return layer.reshape(size[1], size[0], 4)


def _curve(draw: ImageDraw.ImageDraw, start: Floats, end: Floats, thick: float, bend: float) -> None:
    along = end - start
    middle = (start + end) / 2 + np.array([-along[1], along[0]]) * bend
    t = np.linspace(0, 1, 9)[:, None]
    line = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end
    for i in range(len(line) - 1):
        strength = int(235 * min(1.0, (1 - i / (len(line) - 1)) * 3))
        draw.line([*line[i], *line[i + 1]], fill=strength, width=max(1, round(thick)))


def _laid_over(part: Image.Image, layer: Floats, width: float, rng: np.random.Generator) -> Image.Image:
    """layer: (H, W, 4) 0..255, premultiplied. Feathers it and lets it cast a shadow on the skin around it."""
    few = np.asarray(part)[::4, ::4].reshape(-1, 3)
    if float((few.max(axis=1).astype(int) - few.min(axis=1)).mean()) < GREY_MAX:
        layer[..., :3] = (layer[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    sharp = Image.fromarray(layer.astype(np.uint8), "RGBA")
    soft = sharp.filter(ImageFilter.BoxBlur(0.55 + 0.0025 * width * rng.uniform(0.6, 1.4)))
    third = sharp.getchannel(3).reduce(3).filter(ImageFilter.GaussianBlur(0.0075 * width))
    shade = third.resize(part.size, Image.Resampling.BILINEAR)
    depth = rng.uniform(0.25, 0.7)
    shade = shade.point([round(255 - depth * value) for value in range(256)])
    kept = ImageChops.multiply(ImageChops.invert(soft.getchannel(3)), shade)
    red, green, blue, _ = soft.split()
    return ImageChops.add(
        ImageChops.multiply(part, Image.merge("RGB", (kept, kept, kept))),
        Image.merge("RGB", (red, green, blue)),
    )


def _eyes(mesh: Floats, size: tuple[int, int]) -> Image.Image:
    """Set inside the lids: no mask and no shadow goes there."""
    canvas = Image.new("1", size)
    draw = ImageDraw.Draw(canvas)
    for eye in EYES:
        draw.polygon(mesh[list(eye)].ravel().tolist(), fill=1, outline=1)
    return canvas
