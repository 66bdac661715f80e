"""What the protocols see of a model: pictures go in, similarities come out."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

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
