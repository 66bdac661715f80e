"""What the protocols see of a model: pictures go in, similarities come out."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ml.face.detect import Face

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]
Name = Literal["default", "paper", "untuned", "peer"]
NAMES: tuple[Name, ...] = ("default", "paper", "untuned", "peer")


class Model(Protocol):
    name: Name
    version: str  # changes whenever an embedding would
    threshold: float | None  # shipped with the model: a comparison above it matches

    def embed(self, picture: bytes) -> Vector | None:
        """What is stored of a picture's face; None where no face is found. Raises PictureRefused for a file
        that cannot be read."""

    def template(self, embeddings: Matrix) -> Vector:
        """(k, d) of one person → (d,)."""

    def scores(self, probes: Matrix, templates: Matrix) -> Matrix:
        """(P, d), (R, d) → (P, R) float32, higher is more similar."""


def minus_euclidean(probes: Matrix, templates: Matrix) -> Matrix:
    squares = (probes**2).sum(axis=1)[:, None] + (templates**2).sum(axis=1) - 2 * probes @ templates.T
    return np.asarray(-np.sqrt(np.maximum(squares, 0)), np.float32)


def middle_face(faces: list[Face], image: NDArray[np.uint8]) -> Face | None:
    """The face that a picture of one person is of: near the middle, and large. None for no face."""
    if not faces:
        return None
    centre = np.array([image.shape[1], image.shape[0]]) / 2

    def distance(face: Face) -> float:
        off = (face.box[:2] + face.box[2:]) / 2 - centre
        return float(np.hypot(off[0], off[1])) - face.side_px / 2

    return min(faces, key=distance)
