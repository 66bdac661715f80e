"""How alike two faces are, beside how alike each of them is to strangers.

Source: adaptive S-norm (Matejka et al. 2017, "Analysis of score normalization in multilingual speaker
recognition"; S-norm: Shum et al. 2010). A plain cosine means different things for different people: some faces
lie where the embedder puts many others. So each of the two is compared with a cohort of strangers, and the cosine
is counted in standard deviations above what that face reaches with its nearest strangers. This is what lets one
threshold keep its false match rate from one group of people and one camera to the next (docs/adr/0013).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
SPREAD_MIN = 1e-4  # a face as far from every stranger: no number may grow without bound


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """strangers: (N, d) float32 of length 1. nearest: how many of them, those most like the face, count."""

    strangers: Floats
    nearest: int

    def __post_init__(self) -> None:
        if not 2 <= self.nearest <= len(self.strangers):
            raise ValueError(f"{self.nearest} nearest of {len(self.strangers)} strangers")

    @classmethod
    def unpack(cls, packed: NDArray[np.int8], nearest: int) -> "Cohort":
        """packed: (N, d) int8 as `pack` writes it; each row's scale is lost and not needed."""
        strangers = packed.astype(np.float32)
        strangers /= np.linalg.norm(strangers, axis=1, keepdims=True)
        return cls(np.ascontiguousarray(strangers), nearest)

    def level(self, faces: Floats) -> tuple[Floats, Floats]:
        """faces: (n, d) of length 1. Mean and standard deviation (n,) of their cosines with their nearest
        strangers."""
        cosines = faces @ self.strangers.T  # (n, N)
        top = np.partition(cosines, cosines.shape[1] - self.nearest, axis=1)[:, -self.nearest :]
        spread = np.maximum(top.std(axis=1), np.float32(SPREAD_MIN))
        return np.asarray(top.mean(axis=1), np.float32), np.asarray(spread, np.float32)

    def scores(self, probes: Floats, references: Floats) -> Floats:
        """probes (P, d), references (R, d), all of length 1 → (P, R), symmetric in the two."""
        cosines = probes @ references.T
        mean_p, spread_p = self.level(probes)
        mean_r, spread_r = self.level(references)
        above_p = (cosines - mean_p[:, None]) / spread_p[:, None]
        above_r = (cosines - mean_r[None]) / spread_r[None]
        return np.asarray((above_p + above_r) / 2, np.float32)


def pack(strangers: Floats) -> NDArray[np.int8]:
    """(N, d) → (N, d) int8, every row scaled to its own largest number: a cosine moves by less than 0.001."""
    largest = np.abs(strangers).max(axis=1, keepdims=True)
    return np.asarray(np.rint(strangers * (127 / largest)), np.int8)
