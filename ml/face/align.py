"""A face upright in a square crop: similarity transform of its points onto a template, sampled as dlib does.

Sources: Umeyama 1991 (least squares, no reflection); davisking/dlib, image_transforms/interpolation.h,
extract_image_chip: the crop is centred and scaled by (150*s - 1) / (149*s). The embedder was trained on such
crops: half a pixel's shift moves the embedding by 0.08, the missing factor by 0.01.
"""

from math import floor, hypot, log2

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIZE_PX = 150

# Medians of MTCNN's five points in dlib's own crop, over training people (docs/adr/0011).
TEMPLATE_PX = np.array(
    [(47.9, 46.0), (101.8, 45.8), (74.0, 79.3), (51.4, 104.9), (97.9, 104.9)],
    np.float64,
)
TEMPLATE_EYES_PX = float(TEMPLATE_PX[1, 0] - TEMPLATE_PX[0, 0])

Points = NDArray[np.float64]
Pixels = NDArray[np.uint8]


def align(
    image: Pixels, landmarks: NDArray[np.floating], template_px: Points = TEMPLATE_PX, *, margin_px: int = 0
) -> Pixels:
    """image: (H, W, 3) uint8 RGB. landmarks, template_px: (N, 2) in px of the picture and of the crop, in the
    same order. Returns (150, 150, 3) uint8; what lies outside the picture is black. margin_px adds that many
    px on every side and leaves the middle as it is: (150 + 2 margin, the same, 3)."""
    source = Image.fromarray(image)
    matrix, middle, scale = _sampling(landmarks, template_px)
    if scale >= 2:  # average first: two neighbouring pixels of the crop are several of the picture apart
        factor = 2 ** floor(log2(scale))
        source = source.reduce(factor)
        matrix, middle, _ = _sampling((landmarks + 0.5) / factor - 0.5, template_px)
    side = SIZE_PX + 2 * margin_px
    offset = middle - matrix @ np.full(2, side / 2) + 0.5  # Pillow counts from the pixel's corner
    affine = (matrix[0, 0], matrix[0, 1], offset[0], matrix[1, 0], matrix[1, 1], offset[1])
    crop = source.transform((side, side), Image.Transform.AFFINE, affine, resample=Image.Resampling.BILINEAR)
    return np.asarray(crop)


def place(
    points: NDArray[np.floating],
    landmarks: NDArray[np.floating],
    template_px: Points = TEMPLATE_PX,
    *,
    margin_px: int = 0,
) -> Points:
    """Where `align` with the same arguments puts points (M, 2) of the picture: (M, 2) in px of the crop."""
    matrix, middle, _ = _sampling(landmarks, template_px)
    placed: Points = (points - middle) @ np.linalg.inv(matrix).T + (SIZE_PX / 2 + margin_px - 0.5)
    return placed


def _sampling(landmarks: NDArray[np.floating], template_px: Points) -> tuple[Points, Points, float]:
    """(2, 2) matrix from steps in the crop to steps in the picture, the picture's point (2,) under the crop's
    middle, and the px of the picture that one px of the crop covers."""
    turn, shift = similarity(template_px, np.asarray(landmarks, np.float64))
    scale = hypot(turn[0, 0], turn[1, 0])
    matrix = turn * (SIZE_PX * scale - 1) / ((SIZE_PX - 1) * scale)
    return matrix, turn @ np.full(2, SIZE_PX / 2) + shift, scale


def similarity(start: Points, goal: Points) -> tuple[Points, Points]:
    """Matrix (2, 2) and shift (2,) that bring `start` (N, 2) closest to `goal` (N, 2): turn, one scale,
    shift."""
    a, b = start - start.mean(axis=0), goal - goal.mean(axis=0)
    spread = (a**2).sum()
    along = (a * b).sum() / spread
    across = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    turn = np.array([[along, -across], [across, along]])
    return turn, goal.mean(axis=0) - turn @ start.mean(axis=0)
