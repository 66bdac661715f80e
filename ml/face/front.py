"""The detector that serves: BlazeFace and the mesh in a few milliseconds, MTCNN where they are not sure.

Why three nets: docs/adr/0012.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ml.face.blaze import SIDE_PX, BlazeFace, Glimpse
from ml.face.detect import SAME_FACE, Detector, Face, Floats
from ml.face.mesh import Mesh

SURE = 0.5  # of a second glimpse: below it are shadows of the first
FLAG = 0.9  # of the mesh: below it the whole picture goes to MTCNN; on 400 training pictures one is
GLIMPSES_MAX = 5  # looked at with the mesh; a crowd is refused anyway
# BlazeFace's least face in its own 128 px: found in 98 of 100 on pictures of 640 x 480 with one face of known size,
# at 12 px in 72, at 10 px in 33.
LEAST_PX = 14
TILE = 0.75  # side of a closer look in long sides of the picture: two of them cover 640 x 480
OTHER_SIDE = 1 / 3
FOREHEAD = 0.15  # of the side: MTCNN's box reaches as much above the mesh, which ends below the hair

# What MTCNN calls eyes, nose tip and corners of the mouth, in means of mesh points: medians within 1.5 px of 150.
LANDMARKS = ((33, 133, 145, 159), (263, 362, 374, 386), (1, 4), (61,), (291,))

Pixels = NDArray[np.uint8]


class Front:
    def __init__(self, blaze: BlazeFace, mesh: Mesh, mtcnn: Detector) -> None:
        self._blaze, self._mesh, self.mtcnn = blaze, mesh, mtcnn

    def faces(self, image: Pixels, *, other_side: float = OTHER_SIDE) -> list[Face]:
        """image: (H, W, 3) uint8 RGB. Largest face first; empty where there is none. Others than the largest are
        looked for down to `other_side` of its side."""
        small, factor = _reduced(image)
        glimpses = _worth_a_look(self._glimpses(small, factor), other_side)
        if not glimpses:
            return self.mtcnn.faces(image)
        other_px = glimpses[0].side_px * other_side * SIDE_PX / max(image.shape[:2])
        if other_px < LEAST_PX * TILE:
            faces = self._confirmed(image, glimpses)
            more = self.mtcnn.faces(image)
        else:
            if other_px < LEAST_PX:
                glimpses += self._closer_look(small, factor, glimpses)
            faces = self._confirmed(image, glimpses)
            more = [] if faces else self.mtcnn.faces(image)
        faces += [face for face in more if all(_apart(face.box, known.box) for known in faces)]
        return sorted(faces, key=lambda face: -face.side_px)

    def _glimpses(self, small: Pixels, factor: int, left: int = 0, top: int = 0) -> list[Glimpse]:
        shift = np.array((left, top)) * factor
        return [glimpse.placed(factor, shift) for glimpse in self._blaze.faces(small)]

    def _closer_look(self, small: Pixels, factor: int, known: list[Glimpse]) -> list[Glimpse]:
        """What shows only when parts of the picture are looked at alone: squares that overlap and cover it."""
        height, width = small.shape[:2]
        side = round(TILE * max(height, width))
        found = [
            glimpse
            for top in sorted({0, max(0, height - side)})
            for left in sorted({0, max(0, width - side)})
            for glimpse in self._glimpses(small[top : top + side, left : left + side], factor, left, top)
            if glimpse.score >= SURE
        ]
        new: list[Glimpse] = []
        for glimpse in found:
            if all(_apart(glimpse.box, other.box) for other in (*known, *new)):
                new.append(glimpse)
        return new[:GLIMPSES_MAX]

    def _confirmed(self, image: Pixels, glimpses: list[Glimpse]) -> list[Face]:
        """Each with its mesh; none at all where the mesh sees no face in one of them."""
        faces = [self._face(image, glimpse) for glimpse in glimpses]
        return faces if all(face.score >= FLAG for face in faces) else []

    def _face(self, image: Pixels, glimpse: Glimpse) -> Face:
        """Its score is the mesh's: that net sees the face four times as large."""
        mesh, score = self._mesh.points(image, glimpse.box, glimpse.points[:2])
        landmarks = np.stack([mesh[list(indices)].mean(axis=0) for indices in LANDMARKS])
        return Face(_box(mesh), landmarks, score, mesh)


def _worth_a_look(glimpses: list[Glimpse], other_side: float) -> list[Glimpse]:
    """glimpses: largest first. The sure ones, or else the surest alone."""
    sure = [glimpse for glimpse in glimpses if glimpse.score >= SURE]
    sure = sure or sorted(glimpses, key=lambda glimpse: -glimpse.score)[:1]
    return [glimpse for glimpse in sure if glimpse.side_px >= other_side * sure[0].side_px][:GLIMPSES_MAX]


def _reduced(image: Pixels) -> tuple[Pixels, int]:
    """Averaged over squares so that a little more than BlazeFace's size is left, enough for a closer look: (h, w, 3),
    and the side of the squares."""
    factor = max(1, round(TILE * max(image.shape[:2])) // (SIDE_PX - 8))
    return np.asarray(Image.fromarray(image).reduce(factor)), factor


def _apart(one: Floats, other: Floats) -> bool:
    """Boxes that share less than half of the smaller: not the same face, found twice."""
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    smaller = min(float(np.prod(one[2:] - one[:2])), float(np.prod(other[2:] - other[:2])))
    return float(np.prod(np.maximum(sides, 0))) < SAME_FACE * smaller


def _box(mesh: Floats) -> Floats:
    left, top = mesh.min(axis=0)
    right, bottom = mesh.max(axis=0)
    top -= np.float32(FOREHEAD) * np.sqrt((right - left) * (bottom - top))
    return np.array((left, top, right, bottom), np.float32)
