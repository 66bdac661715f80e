"""MTCNN in numpy around three ONNX files: every face of a picture with its five points.

Source: Zhang et al. 2016, in the form of facenet-pytorch 2.6.0, whose boxes and points it reproduces
(tests/ml); its habits are kept on purpose: 1-based inclusive crops, areas with and without + 1, clipped crops
stretched.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml.face.area import AreaSampler
from ml.face.session import Net

MINSIZE_PX = 40  # the smallest face looked for; changing it moves points by pixels, so templates depend on it
FACTOR = 0.709
CELL_PX = 12  # what P-Net sees at once
PROPOSAL, REFINE, OUTPUT = 0.6, 0.7, 0.7  # least probability at each stage
CANDIDATES_MAX = 600  # per pyramid level and into R-Net, best first: noise must not cost seconds
SAME_FACE = 0.5  # share of a second detection that lies in the first
BATCH = 16  # crops a run of R- or O-Net: small enough for the cache, and memory stays bounded

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Face:
    """box: (4,) left, top, right, bottom; landmarks: (5, 2) x, y of image-left eye, image-right eye, nose
    tip, image-left and image-right corner of the mouth; both in px of the picture, float32. score: 0..1. mesh:
    (468, 2) points of mediapipe's canonical face, where that net saw it (front.py)."""

    box: Floats
    landmarks: Floats
    score: float
    mesh: Floats | None = None

    @property
    def side_px(self) -> float:
        return float(np.sqrt(max(0.0, (self.box[2] - self.box[0]) * (self.box[3] - self.box[1]))))

    def apart_from(self, other: "Face") -> bool:
        """Less than half of it lies in the other: not the same face, found twice."""
        sides = np.minimum(self.box[2:], other.box[2:]) - np.maximum(self.box[:2], other.box[:2])
        shared = float(np.prod(np.maximum(sides, 0)))
        return shared < SAME_FACE * self.side_px**2


class Detector:
    def __init__(self, pnet: Net, rnet: Net, onet: Net, *, minsize_px: int = MINSIZE_PX) -> None:
        self._pnet, self._rnet, self._onet, self._minsize_px = pnet, rnet, onet, minsize_px

    def faces(self, image: NDArray[np.uint8]) -> list[Face]:
        """image: (H, W, 3) uint8 RGB. Largest face first; empty where there is none."""
        sampler = AreaSampler(image)
        boxes = self._propose(sampler)
        boxes = self._refine(sampler, boxes)
        found = self._output(sampler, boxes)
        return sorted(found, key=lambda face: -face.side_px)

    def _propose(self, sampler: AreaSampler) -> Floats:
        """Square boxes (N, 4) that P-Net takes for a face at some scale."""
        levels = [self._propose_at(sampler, scale) for scale in _scales(sampler, self._minsize_px)]
        if not levels:
            return np.empty((0, 4), np.float32)
        boxes, scores, moves = (np.concatenate(parts) for parts in zip(*levels, strict=True))
        keep = suppress(boxes, scores, 0.7)
        boxes, moves = boxes[keep], moves[keep]
        sides = boxes[:, 2:] - boxes[:, :2]
        return _squared(boxes + moves * np.tile(sides, 2))

    def _propose_at(self, sampler: AreaSampler, scale: float) -> tuple[Floats, Floats, Floats]:
        image = sampler.whole(int(sampler.height * scale + 1), int(sampler.width * scale + 1))
        moves, probabilities = self._pnet(_normalised(image[None]))
        face = probabilities[0, 1]
        rows, columns = np.nonzero(face >= PROPOSAL)
        scores = face[rows, columns]
        corner = np.stack([columns, rows], axis=1).astype(np.float32) * 2  # stride 2
        step = np.float32(scale)
        boxes = np.concatenate([np.floor((corner + 1) / step), np.floor((corner + CELL_PX) / step)], axis=1)
        keep = suppress(boxes, scores, 0.5)
        return boxes[keep], scores[keep], moves[0][:, rows, columns].T[keep]

    def _refine(self, sampler: AreaSampler, boxes: Floats) -> Floats:
        boxes, crops = _cut(sampler, boxes, 24)
        if not len(boxes):
            return boxes
        moves, probabilities = _in_batches(self._rnet, _normalised(crops))
        passed = probabilities[:, 1] > REFINE
        boxes, scores, moves = boxes[passed], probabilities[passed, 1], moves[passed]
        keep = suppress(boxes, scores, 0.7)
        return _squared(_moved(boxes[keep], moves[keep]))

    def _output(self, sampler: AreaSampler, boxes: Floats) -> list[Face]:
        boxes, crops = _cut(sampler, boxes, 48)
        if not len(boxes):
            return []
        moves, points, probabilities = _in_batches(self._onet, _normalised(crops))
        passed = probabilities[:, 1] > OUTPUT
        boxes, scores, moves, points = boxes[passed], probabilities[passed, 1], moves[passed], points[passed]
        sides = boxes[:, 2:] - boxes[:, :2] + 1
        landmarks = np.stack([points[:, :5], points[:, 5:]], axis=2)  # (N, 5, 2)
        landmarks = landmarks * sides[:, None, :] + boxes[:, None, :2] - 1
        boxes = _moved(boxes, moves)
        keep = suppress_contained(boxes, scores, 0.7)
        return [Face(boxes[i], landmarks[i], float(scores[i])) for i in keep]


def _scales(sampler: AreaSampler, minsize_px: int) -> list[float]:
    scale = CELL_PX / minsize_px
    short = min(sampler.height, sampler.width) * scale
    scales = []
    while short >= CELL_PX:
        scales.append(scale)
        scale *= FACTOR
        short *= FACTOR
    return scales


def _normalised(pixels: Floats) -> Floats:
    pixels -= np.float32(127.5)
    pixels *= np.float32(0.0078125)
    return pixels


def _in_batches(net: Net, crops: Floats) -> list[Floats]:
    runs = [net(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)]
    return [np.concatenate(outputs) for outputs in zip(*runs, strict=True)]


def _squared(boxes: Floats) -> Floats:
    """Grown to squares about the same centre."""
    sides = boxes[:, 2:] - boxes[:, :2]
    side = sides.max(axis=1, keepdims=True) if len(boxes) else sides[:, :1]
    corner = boxes[:, :2] + sides * np.float32(0.5) - side * np.float32(0.5)
    return np.concatenate([corner, corner + side], axis=1)


def _moved(boxes: Floats, moves: Floats) -> Floats:
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + moves * np.tile(sides, 2)


def _cut(sampler: AreaSampler, boxes: Floats, size: int) -> tuple[Floats, Floats]:
    """The boxes that lie at least partly inside, and what the picture shows there, stretched to size x
    size."""
    whole = np.trunc(boxes).astype(np.intp)
    left, top = np.maximum(whole[:, 0], 1) - 1, np.maximum(whole[:, 1], 1) - 1
    right, bottom = np.minimum(whole[:, 2], sampler.width), np.minimum(whole[:, 3], sampler.height)
    inside = (right > left) & (bottom > top)
    windows = np.stack([left, top, right, bottom], axis=1)[inside]
    return boxes[inside], sampler.crops(windows, size)


def suppress(boxes: Floats, scores: Floats, overlap_max: float) -> Ints:
    """Greedy non-maximum suppression by intersection over union; kept indices, best score first."""
    return _greedy(boxes, scores, overlap_max, extra=0, of_smaller=False)


def suppress_contained(boxes: Floats, scores: Floats, overlap_max: float) -> Ints:
    """The same by intersection over the smaller area, sides counted inclusively (+ 1)."""
    return _greedy(boxes, scores, overlap_max, extra=1, of_smaller=True)


def _greedy(boxes: Floats, scores: Floats, overlap_max: float, *, extra: int, of_smaller: bool) -> Ints:
    order = np.argsort(-scores, kind="stable")[:CANDIDATES_MAX]
    left, top, right, bottom = boxes[order].T
    area = (right - left + extra) * (bottom - top + extra)
    width = np.minimum(right[:, None], right) - np.maximum(left[:, None], left) + extra
    height = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top) + extra
    shared = np.maximum(width, 0) * np.maximum(height, 0)  # (N, N)
    whole = np.minimum(area[:, None], area) if of_smaller else area[:, None] + area - shared
    compatible = shared <= overlap_max * whole
    alive = np.ones(len(order), bool)
    kept = []
    for i in range(len(order)):
        if alive[i]:
            kept.append(i)
            alive &= compatible[i]  # drops i itself, too; it is kept already
    return order[kept]
