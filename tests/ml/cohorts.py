"""Cohorts of made-up strangers."""

import numpy as np

from ml.face.normalise import Cohort


def random_cohort(strangers: int, nearest: int) -> Cohort:
    """Directions drawn at random."""
    drawn = np.random.default_rng(5).normal(size=(strangers, 128)).astype(np.float32)
    return Cohort(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), nearest)
