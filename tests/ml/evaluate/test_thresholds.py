from pathlib import Path

import numpy as np
import pytest

from ml.evaluate.calibration import CalibrationRun, Read
from ml.evaluate.errors import EvaluationError
from ml.evaluate.groups import Labelled
from ml.evaluate.thresholds import limits_of_groups, table
from tests.ml.cohorts import random_cohort
from tests.ml.evaluate.made_up import Directions, embedded

RATES = (0.1, 0.05)


def two_groups(n: int = 40, age: int = 30) -> tuple[Labelled, list[float]]:
    """Strangers of A lie anywhere, those of B within 60 degrees: B's look more alike."""
    angles = [*np.linspace(0, 170, n), *np.linspace(0, 60, n)]
    pictures = tuple(Path(f"{i}.jpg") for i in range(2 * n))
    return Labelled(pictures, np.full(2 * n, age), np.repeat(["A", "B"], n), 0), angles


def limits(labelled: Labelled, angles: list[float]):
    return limits_of_groups(Directions(), labelled, embedded(angles), rates=RATES)


def test_the_group_whose_strangers_look_most_alike_sets_every_threshold():
    labelled, angles = two_groups()
    found = limits(labelled, angles)
    assert found.worst == ("B", "B")
    radians = np.radians(angles[40:])
    scores = np.cos(radians[:, None] - radians)[np.triu_indices(40, 1)]
    for rate, score in zip(RATES, found.score, strict=True):
        assert (scores > score + 1e-6).mean() <= rate
        assert (scores >= score - 1e-6).mean() > rate


def test_children_and_groups_too_small_for_the_rate_set_none():
    labelled, angles = two_groups(age=9)
    with pytest.raises(EvaluationError, match="no group of adults"):
        limits(labelled, angles)
    labelled, angles = two_groups(n=34)  # 561 comparisons: 28 of them may match at 0.05
    with pytest.raises(EvaluationError, match=r"large enough for a false match rate of 0\.05"):
        limits(labelled, angles)


def person(name: str, centre: int, spread: float, refused: int) -> Read:
    drawn = np.random.default_rng(centre).normal(0, spread, (8, 128))
    drawn[:, centre] += 1
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return Read(name, vectors, 8, {"blurred": refused})


def test_refused_pictures_count_as_shoppers_turned_away_at_every_rate():
    labelled, angles = two_groups()
    people = [person("a", 0, 0.02, refused=3), person("b", 1, 0.02, refused=0)]
    found = table(
        limits(labelled, angles),
        people,
        random_cohort(50, nearest=10),
        CalibrationRun(Path("people")),
        labelled_name="g",
        rates=RATES,
    )
    assert [t.fmr for t in found] == list(RATES)
    # one template of five for each; its three other pictures match, and the three refused ones of a are lost
    assert [(t.genuine, t.fnmr) for t in found] == [(9, round(3 / 9, 4))] * 2
    assert all("worst: B" in t.protocol and t.status == "measured" for t in found)
