"""A model whose embeddings are directions in a plane, and people given by angles: every similarity is known."""

from pathlib import Path

import numpy as np

from ml.evaluate.embeddings import Embedded
from ml.evaluate.people import People


class Directions:
    name = "default"
    version = "directions"
    threshold = 0.5

    def embed(self, picture: bytes) -> np.ndarray | None:
        raise NotImplementedError

    def template(self, embeddings: np.ndarray) -> np.ndarray:
        mean = embeddings.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def scores(self, probes: np.ndarray, templates: np.ndarray) -> np.ndarray:
        return (probes @ templates.T).astype(np.float32)


def embedded(angles_deg: list[float | None]) -> Embedded:
    """None: no face was found."""
    turned = np.radians([np.nan if angle is None else angle for angle in angles_deg])
    vectors = np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
    return Embedded(vectors, ~np.isnan(vectors[:, 0]), None)


def people(counts: list[int]) -> People:
    names = tuple(f"person{i}" for i in range(len(counts)))
    pictures = tuple(
        Path(f"{n}/{n}_{i:04d}.jpg") for n, count in zip(names, counts, strict=True) for i in range(count)
    )
    return People(Path(), names, pictures, np.repeat(np.arange(len(counts)), counts))


def crowd(n: int, pictures: int, seed: int = 7, spread: float = 0.35) -> tuple[People, Embedded]:
    """n people with `pictures` each: normal clouds around random centres in 16 dimensions, unit length."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(n, 1, 16))
    vectors = (centres + generator.normal(size=(n, pictures, 16)) * spread * 4).reshape(-1, 16)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return people([pictures] * n), Embedded(vectors.astype(np.float32), np.ones(len(vectors), bool), None)
