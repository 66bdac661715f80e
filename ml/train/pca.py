"""Principal components in numpy: fitted on training embeddings, and on nothing else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARE = 0.9999  # of the variance; the paper's 55 components, and 48 after batch-hard


@dataclass(frozen=True)
class PCA:
    """`project` maps embeddings (N, d) to their coordinates (N, k) along the k components."""

    mean: NDArray[np.float32]  # (d,)
    components: NDArray[np.float32]  # (k, d), orthonormal rows, largest variance first
    shares: NDArray[np.float64]  # (d,) of the variance, of all components, largest first

    def project(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        return (embeddings - self.mean) @ self.components.T

    def first(self, components: int) -> "PCA":
        return PCA(self.mean, self.components[:components], self.shares)

    def enough_for(self, share: float = SHARE) -> int:
        """How many components explain at least `share` of the variance."""
        return int(np.searchsorted(np.cumsum(self.shares), share * self.shares.sum() * (1 - 1e-12)) + 1)


def fit(embeddings: NDArray[np.float32]) -> PCA:
    """All min(N, d) components of (N, d). The sign of a component is free: its largest entry is made positive.
    Raises ValueError below two rows or if a number is not finite."""
    if len(embeddings) < 2 or not np.isfinite(embeddings).all():
        raise ValueError("principal components need two embeddings or more, all of finite numbers")
    mean = embeddings.mean(axis=0, dtype=np.float64)
    centred = embeddings - mean
    if len(centred) < centred.shape[1]:
        _, spreads, vectors = np.linalg.svd(centred, full_matrices=False)
        values = spreads**2
    else:  # many rows: the (d, d) matrix is the smaller thing
        values, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
        values, vectors = values[::-1].clip(0), vectors[:, ::-1].T
    largest = np.abs(vectors).argmax(axis=1)
    vectors = vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
    total = values.sum()
    return PCA(
        mean.astype(np.float32),
        vectors.astype(np.float32),
        values / total if total else values,
    )
