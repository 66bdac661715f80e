"""468 points on one face, from a crop of 192 x 192 pixels.

Source: Kartynnik et al. 2019 and the graph face_landmark of mediapipe 0.10.21: a square of 1.5 times the box, turned
so that the eyes are level.  The points are flat: the net's guess at depth says what faces look like, not how far
this one stands out, and is not exported.
"""

from math import atan2, cos, sin

import numpy as np
from numpy.typing import NDArray

from ml.face.sample import sample
from ml.face.session import Net

SIDE_PX = 192
REGION = 1.5  # side of the region in sides of the box

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


class Mesh:
    def __init__(self, net: Net) -> None:
        self._net = net

    def points(self, image: NDArray[np.uint8], box: Floats, eyes: Floats) -> tuple[Floats, float]:
        """image: (H, W, 3) uint8 RGB; box (4,) and eyes (2, 2), image-left first, in its px. Returns (468, 2)
        float32 in its px and the net's probability that a face is there."""
        matrix, corner = _region(box, eyes)
        crop = sample(image, matrix, corner, SIDE_PX)
        points, probability = self._net(np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32))
        return (points[0] @ matrix.T + corner).astype(np.float32), float(probability[0])


def _region(box: Floats, eyes: Floats) -> tuple[Doubles, Doubles]:
    """Matrix (2, 2) and corner (2,): px of the crop * matrix + corner = px of the picture."""
    left, top, right, bottom = (float(edge) for edge in box)
    across = eyes[1] - eyes[0]
    angle = atan2(float(across[1]), float(across[0]))
    turn = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    matrix = turn * (REGION * max(right - left, bottom - top) / SIDE_PX)
    middle = np.array([(left + right) / 2, (top + bottom) / 2])
    return matrix, middle - matrix @ np.full(2, SIDE_PX / 2)
