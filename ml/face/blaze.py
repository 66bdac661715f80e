"""BlazeFace in numpy around one ONNX file: where faces are, at a glance of 128 x 128 pixels.

Source: Bazarevsky et al. 2019 and the graph face_detection_short_range of mediapipe 0.10.21 (letterbox, anchors,
weighted suppression).  Made for faces up to two metres away; far ones it misses, and MTCNN finds (front.py).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.face.session import Net

SIDE_PX = 128
CONFIDENCE = 0.3
OVERLAP = 0.3  # of boxes of one face; they are averaged, weighted by their scores
CANDIDATES_MAX = 200  # anchors, best first
GRIDS = ((16, 2), (8, 6))  # cells a side, anchors a cell

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """box: (4,) left, top, right, bottom; points: (6, 2) image-left eye, image-right eye, nose tip, mouth, image-left
    ear, image-right ear; both float32 in px of the picture."""

    box: Floats
    points: Floats
    score: float

    @property
    def side_px(self) -> float:
        return float((self.box[2:] - self.box[:2]).max())

    def placed(self, scale: float, shift: NDArray[np.integer]) -> "Glimpse":
        """The same face in a picture `scale` times as large, in which the one looked at begins at `shift` (2,)."""
        moved = self.points * np.float32(scale) + shift.astype(np.float32)
        return Glimpse(self.box * np.float32(scale) + np.tile(shift, 2).astype(np.float32), moved, self.score)


class BlazeFace:
    def __init__(self, net: Net) -> None:
        self._net = net

    def faces(self, image: NDArray[np.uint8]) -> list[Glimpse]:
        """image: (H, W, 3) uint8 RGB. Largest first; empty where there is none."""
        canvas, scale, shift = letterboxed(image)
        anchors, scores = self._net(canvas)
        found = _averaged(anchors[0], scores[0])
        glimpses = [
            Glimpse(
                box=((points[:2] - shift) / scale).ravel().astype(np.float32),
                points=((points[2:] - shift) / scale).astype(np.float32),
                score=score,
            )
            for points, score in found
        ]
        return sorted(glimpses, key=lambda glimpse: -glimpse.side_px)


def letterboxed(image: NDArray[np.uint8]) -> tuple[Floats, NDArray[np.float64], NDArray[np.float64]]:
    """The whole picture in the middle of a black square: (1, 3, 128, 128); px of it = px of the picture * scale +
    shift, per axis."""
    height, width = image.shape[:2]
    factor = SIDE_PX / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = Image.fromarray(image).resize(size, Image.Resampling.BILINEAR)
    left, top = (SIDE_PX - size[0]) // 2, (SIDE_PX - size[1]) // 2
    canvas = np.zeros((1, 3, SIDE_PX, SIDE_PX), np.float32)
    canvas[0, :, top : top + size[1], left : left + size[0]] = np.asarray(small).transpose(2, 0, 1)
    return canvas, np.array(size) / (width, height), np.array((left, top), np.float64)


def _averaged(anchors: Floats, scores: Floats) -> list[tuple[NDArray[np.float64], float]]:
    """Per face its points (8, 2) in px of the 128: two corners of the box, then the six; and its best score."""
    (sure,) = np.nonzero(scores > CONFIDENCE)
    sure = sure[np.argsort(-scores[sure], kind="stable")[:CANDIDATES_MAX]]
    weights = scores[sure].astype(np.float64)
    points = anchors[sure].reshape(-1, 8, 2).astype(np.float64)
    half = points[:, 1] / 2
    points[:, 1] = points[:, 0] + half
    points[:, 0] -= half
    points += CENTRES[sure][:, None]
    found = []
    while len(points):
        same = _overlaps(points[0], points) > OVERLAP
        same[0] = True  # a box without area overlaps nothing
        found.append((np.average(points[same], axis=0, weights=weights[same]), float(weights[0])))
        points, weights = points[~same], weights[~same]
    return [(corners, score) for corners, score in found if (corners[1] > corners[0]).all()]


def _overlaps(one: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of the boxes in the first two points of (8, 2) and (N, 8, 2)."""
    sides = np.minimum(one[1], others[:, 1]) - np.maximum(one[0], others[:, 0])
    shared = np.maximum(sides, 0).prod(axis=1)
    areas = np.maximum(others[:, 1] - others[:, 0], 0).prod(axis=1)
    overlaps: NDArray[np.float64] = shared / np.maximum(areas[0] + areas - shared, 1e-9)
    return overlaps


def _centres() -> NDArray[np.float64]:
    """Of all anchors, in px of the 128: (896, 2)."""
    grids = []
    for cells, anchors in GRIDS:
        y, x = np.mgrid[:cells, :cells]
        centres = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells * SIDE_PX
        grids.append(np.repeat(centres, anchors, axis=0))
    return np.concatenate(grids)


CENTRES = _centres()
