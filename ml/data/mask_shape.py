"""Where a mask lies on a face: a surface through landmarks of the 468-point mesh, and its pixels.

The surface is a grid of control points (rows from under the eyes to below the chin, columns from cheek to
cheek) that hangs between nose tip and chin as cloth does, instead of following the lips. A mask is a window
into it; cubic interpolation keeps its outline round. Triangles that a turned head hides are left out."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

POINTS = 468
Floats = NDArray[np.floating]

# Control points as mixtures a·(1-share) + b·share of two landmarks, image-left cheek edge → middle; the other half
# is the mirror image. The row's place in the mask: 0 its usual upper edge, 1 the chin.
ROWS = (-0.18, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
LEFT = (
    ((116, 227, 0.5), (118, 117, 0.2), (121, 47, 0.3), (6, 197, 0.3)),
    ((123, 137, 0.5), (118, 101, 0.6), (47, 126, 0.4), (197, 195, 0.3)),
    ((147, 177, 0.5), (50, 205, 0.6), (203, 129, 0.4), (4, 4, 0.0)),
    ((213, 215, 0.5), (207, 216, 0.5), (92, 165, 0.5), (4, 199, 0.36)),
    ((138, 135, 0.3), (212, 210, 0.5), (182, 106, 0.5), (4, 199, 0.7)),
    ((172, 136, 0.5), (149, 150, 0.5), (176, 148, 0.4), (152, 175, 0.1)),
)
MIRROR = {
    116: 345, 227: 447, 118: 347, 117: 346, 121: 350, 47: 277, 123: 352, 137: 366, 101: 330, 126: 355, 147: 376,
    177: 401, 50: 280, 205: 425, 203: 423, 129: 358, 213: 433, 215: 435, 207: 427, 216: 436, 92: 322, 165: 391,
    138: 367, 135: 364, 212: 432, 210: 430, 182: 406, 106: 335, 172: 397, 136: 365, 149: 378, 150: 379, 176: 400,
    148: 377,
}  # fmt: skip
COLUMNS = 7
OVAL_LEFT, OVAL_RIGHT, NOSE_TIP, CHIN = 234, 454, 4, 152
EARS = ((127, 132), (356, 361))  # beside the upper and the lower end of each ear, on the face's outline
EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the surface that a mask covers. top, bottom: in units of ROWS. width: 1 = cheek to cheek.
    rounding: how far its sides draw together. bulge: how far it stands off the face, in nose lengths.
    tilt: how much lower its image-right side hangs."""

    top: float = 0.0
    bottom: float = 1.08
    width: float = 1.0
    rounding: float = 0.0
    bulge: float = 0.0
    tilt: float = 0.0


def surface(mesh: Floats) -> Floats:
    """mesh: (468, 2) px → control points (7, 7, 2), the image-left cheek first."""
    a, b, share = _mixtures()
    rows = mesh[a] * (1 - share[..., None]) + mesh[b] * share[..., None]
    below = rows[-1] + 0.6 * (rows[-1] - rows[-2])
    rows[-1] += 0.1 * (rows[-1] - rows[-2])  # cloth keeps a finger off the chin
    return np.concatenate([rows, below[None]])


@cache
def _mixtures() -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    right = [[(MIRROR.get(a, a), MIRROR.get(b, b), s) for a, b, s in row[-2::-1]] for row in LEFT]
    cells = np.array([[*row, *mirror] for row, mirror in zip(LEFT, right, strict=True)])
    return cells[..., 0].astype(np.intp), cells[..., 1].astype(np.intp), cells[..., 2]


def lay(mesh: Floats, window: Window, rows: int = 7, columns: int = 11) -> Floats:
    """Vertices (rows, columns, 2) px of a mask; their texture coordinates are u -1..1 and v 0..1, evenly
    spaced."""
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    height = 1 - window.rounding * u**4
    down = window.top + (window.bottom - window.top) * (0.5 + (v - 0.5) * height) + window.tilt * u
    across = u * window.width * (1 - 0.35 * window.rounding * (2 * v - 1) ** 2)
    at = _weights(np.interp(down, ROWS, np.arange(len(ROWS))).ravel(), len(ROWS))
    along = _weights(((across + 1) / 2 * (COLUMNS - 1)).ravel(), COLUMNS)
    points = np.einsum("ni,nj,ijk->nk", at, along, surface(mesh)).reshape(rows, columns, 2)
    stand = np.sin(np.pi * np.clip(v * 1.1, 0, 1)) * (1 - u**2)
    forward = (
        mesh[NOSE_TIP] - (mesh[129] + mesh[358]) / 2
    )  # where the nose points, as far as the picture shows it
    return points + window.bulge * stand[..., None] * forward


def _weights(index: Floats, count: int) -> Floats:
    """Catmull-Rom: (N,) places 0..count-1 → (N, count) weights; straight on at both ends."""
    index = np.clip(index, 0, count - 1)
    low = np.minimum(index.astype(np.intp), count - 2)
    t = index - low
    four = np.stack(
        [
            -t + 2 * t**2 - t**3,
            2 - 5 * t**2 + 3 * t**3,
            t + 4 * t**2 - 3 * t**3,
            t**3 - t**2,
        ],
        axis=1,
    )
    weights = np.zeros((len(index), count + 2))
    np.put_along_axis(weights, low[:, None] + np.arange(4), four / 2, axis=1)
    inner = weights[:, 1:-1]
    inner[:, 0] += 2 * weights[:, 0]
    inner[:, 1] -= weights[:, 0]
    inner[:, -1] += 2 * weights[:, -1]
    inner[:, -2] -= weights[:, -1]
    return inner


def texture_coordinates(points: Floats, size: tuple[int, int]) -> tuple[Floats, Floats, Floats]:
    """Draws the vertices' triangles. size: (width, height) px. Returns cover (H, W) 0..1, u and v (H, W)
    float32; outside the mask u and v are 0. Piecewise affine."""
    rows, columns = points.shape[:2]
    corners, maps = _affine_maps(points, rows, columns)
    assert len(corners) < 256, "a triangle's number must fit into a byte"
    canvas = Image.new("L", (2 * size[0], 2 * size[1]))
    draw = ImageDraw.Draw(canvas)
    for number, corner in enumerate((corners * 2).reshape(-1, 6).tolist(), start=1):
        draw.polygon(corner, fill=number)
    fine = np.asarray(canvas)
    triangle = np.maximum(
        np.maximum(fine[::2, ::2], fine[1::2, ::2]), np.maximum(fine[::2, 1::2], fine[1::2, 1::2])
    )
    cover = np.asarray(canvas.point([0] + [255] * 255).reduce(2), np.float32) / 255
    flat = np.flatnonzero(triangle)
    down, across = np.divmod(flat, size[0])
    across, down = across.astype(np.float32) + 0.5, down.astype(np.float32) + 0.5
    chosen = maps.reshape(-1, 6).T[:, triangle.ravel()[flat].astype(np.intp) - 1]
    u, v = np.zeros(triangle.size, np.float32), np.zeros(triangle.size, np.float32)
    u[flat] = np.clip(chosen[0] * across + chosen[1] * down + chosen[2], -1, 1)
    v[flat] = np.clip(chosen[3] * across + chosen[4] * down + chosen[5], 0, 1)
    return cover, u.reshape(cover.shape), v.reshape(cover.shape)


def _affine_maps(points: Floats, rows: int, columns: int) -> tuple[Floats, Floats]:
    """Corners (T, 3, 2) px of the triangles that face the viewer, and matrices (T, 2, 3): px → u, v."""
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    whole = np.concatenate([points, u[..., None], v[..., None]], axis=2)
    a, b, c, d = whole[:-1, :-1], whole[:-1, 1:], whole[1:, :-1], whole[1:, 1:]
    triangles = np.concatenate(
        [np.stack([a, b, c], axis=2).reshape(-1, 3, 4), np.stack([b, d, c], axis=2).reshape(-1, 3, 4)]
    )
    edge, other = triangles[:, 1, :2] - triangles[:, 0, :2], triangles[:, 2, :2] - triangles[:, 0, :2]
    seen = triangles[edge[:, 0] * other[:, 1] - edge[:, 1] * other[:, 0] > 1e-3]
    corners = seen[..., :2]
    with_one = np.concatenate([corners, np.ones((*corners.shape[:2], 1))], axis=2)
    maps = np.linalg.solve(with_one, seen[..., 2:]).transpose(0, 2, 1) if len(seen) else np.empty((0, 2, 3))
    return corners, maps.astype(np.float32)
