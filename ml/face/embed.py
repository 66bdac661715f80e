"""An aligned crop → 128 numbers whose direction tells the person."""

import numpy as np
from numpy.typing import NDArray

from ml.face.session import Net

DIMENSIONS = 128

Embedding = NDArray[np.float32]


class Embedder:
    def __init__(self, net: Net) -> None:
        self._net = net

    def embed(self, crop: NDArray[np.uint8]) -> Embedding:
        """crop: (150, 150, 3) uint8 RGB, aligned. Returns (128,) float32 of length 1: the direction of the
        mean of the crop's and its mirror image's embedding (a mirrored face lies 0.2 away, the mean is
        steadier)."""
        both = np.stack([crop, crop[:, ::-1]]).transpose(0, 3, 1, 2)  # (2, 3, 150, 150)
        (embeddings,) = self._net(np.ascontiguousarray(both, np.float32))
        return unit(embeddings.mean(axis=0))


def unit(vector: NDArray[np.floating]) -> Embedding:
    """The same direction at length 1, float32. Raises ValueError for what has no direction."""
    length = float(np.linalg.norm(vector))
    if not np.isfinite(length) or length < 1e-9:
        raise ValueError(f"not a template: its length is {length}")
    return np.asarray(vector / length, np.float32)
