"""A face upright in a square crop: similarity transform of its points onto a template, sampled as dlib does.

Sources: Umeyama 1991 (least squares, no reflection); davisking/dlib, image_transforms/interpolation.h,
extract_image_chip: the crop is centred and scaled by (150*s - 1) / (149*s). The embedder was trained on such
crops: half a pixel's shift moves the embedding by 0.08, the missing factor by 0.01.
"""

from math import floor, hypot, log2

import numpy as np
from numpy.typing import NDArray

from ml.face.sample import sample

SIZE_PX = 150

# Medians of MTCNN's five points in dlib's own crop, over training people (docs/adr/0011). The mesh gives the same five
# as means of its points (ml.face.front).
TEMPLATE_PX = np.array(
    [(47.9, 46.0), (101.8, 45.8), (74.0, 79.3), (51.4, 104.9), (97.9, 104.9)],
    np.float64,
)
Points = NDArray[np.float64]
Pixels = NDArray[np.uint8]


def align(
    image: Pixels, landmarks: NDArray[np.floating], template_px: Points = TEMPLATE_PX, *, margin_px: int = 0
) -> Pixels:
    """image: (H, W, 3) uint8 RGB. landmarks, template_px: (N, 2) in px of the picture and of the crop, in the
    same order. Returns (150, 150, 3) uint8; what lies outside the picture is black. margin_px adds that many
    px on every side and leaves the middle as it is: (150 + 2 margin, the same, 3)."""
    matrix, middle = _sampling(landmarks, template_px)
    side = SIZE_PX + 2 * margin_px
    return sample(image, matrix, middle - matrix @ np.full(2, side / 2) + 0.5, side)


def place(
    points: NDArray[np.floating],
    landmarks: NDArray[np.floating],
    template_px: Points = TEMPLATE_PX,
    *,
    margin_px: int = 0,
) -> Points:
    """Where `align` with the same arguments puts points (M, 2) of the picture: (M, 2) in px of the crop."""
    matrix, middle = _sampling(landmarks, template_px)
    placed: Points = (points - middle) @ np.linalg.inv(matrix).T + (SIZE_PX / 2 + margin_px - 0.5)
    return placed


def _sampling(landmarks: NDArray[np.floating], template_px: Points) -> tuple[Points, Points]:
    """(2, 2) matrix from steps in the crop to steps in the picture, and the picture's point (2,) under the
    crop's middle."""
    turn, shift = similarity(template_px, np.asarray(landmarks, np.float64))
    scale = hypot(turn[0, 0], turn[1, 0])
    scale /= max(1, 2 ** floor(log2(scale)))  # dlib's rule is for the picture it samples: averaged first
    matrix = turn * (SIZE_PX * scale - 1) / ((SIZE_PX - 1) * scale)
    return matrix, turn @ np.full(2, SIZE_PX / 2) + shift


def similarity(start: Points, goal: Points) -> tuple[Points, Points]:
    """Matrix (2, 2) and shift (2,) that bring `start` (N, 2) closest to `goal` (N, 2): turn, one scale,
    shift."""
    a, b = start - start.mean(axis=0), goal - goal.mean(axis=0)
    spread = (a**2).sum()
    along = (a * b).sum() / spread
    across = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    turn = np.array([[along, -across], [across, along]])
    return turn, goal.mean(axis=0) - turn @ start.mean(axis=0)
