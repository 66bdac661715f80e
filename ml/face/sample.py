"""What a picture shows in a turned square, as a small picture of its own."""

from math import floor, hypot, log2

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Doubles = NDArray[np.float64]


def sample(image: Pixels, matrix: Doubles, corner: Doubles, size_px: int) -> Pixels:
    """image: (H, W, 3) uint8. matrix (2, 2) and corner (2,): matrix @ point of the result + corner = point of the
    picture, both counted from the upper left pixel's outer corner. Returns (size, size, 3) uint8, bilinear, black
    outside the picture. Where two neighbouring pixels of the result are several of the picture apart, the picture is
    averaged first. Only what lies under the square is touched: a crop costs the same from any picture."""
    height, width = image.shape[:2]
    factor = 2 ** max(0, floor(log2(max(hypot(matrix[0, 0], matrix[1, 0]), 1e-9))))
    ends = np.array([(0, 0), (size_px, 0), (0, size_px), (size_px, size_px)]) @ matrix.T + corner
    low = np.clip(np.floor(ends.min(axis=0)) - factor, 0, None).astype(np.intp) // factor * factor
    high = np.clip(np.ceil(ends.max(axis=0)) + 2 * factor, None, (width, height)).astype(np.intp)
    if (high <= low).any():
        return np.zeros((size_px, size_px, 3), np.uint8)
    source = Image.fromarray(image[low[1] : high[1], low[0] : high[0]])
    if factor > 1:
        source = source.reduce(factor)
    matrix, corner = matrix / factor, (corner - low) / factor
    affine = (matrix[0, 0], matrix[0, 1], corner[0], matrix[1, 0], matrix[1, 1], corner[1])
    return np.asarray(
        source.transform((size_px, size_px), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    )
