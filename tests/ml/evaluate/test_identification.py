import numpy as np
import pytest

from ml.evaluate.errors import EvaluationError
from ml.evaluate.identification import Searches, identify, identify_split, judge, threshold_at
from ml.evaluate.people import People
from tests.ml.evaluate.made_up import Directions, crowd, embedded, people


def named(names: str, counts: list[int]) -> People:
    made = people(counts)
    return People(made.folder, tuple(names), made.pictures, made.owner)


def test_a_search_is_right_when_the_own_template_ranks_first():
    gallery = named("ABC", [1, 1, 2])
    probes = named("ABX", [2, 1, 1])  # X is a stranger
    found = identify(Directions(), gallery, probes, embedded([0, 90, 179, 181]), embedded([10, 80, 95, 270]))
    assert (found.n_people, found.n_genuine, found.n_impostor) == (3, 3, 1)
    assert found.extra["rank_1"] == pytest.approx(
        (1 / 2 + 1) / 2
    )  # A: 10 degrees right, 80 degrees goes to B


def test_an_enrolled_person_without_a_face_in_the_gallery_is_always_missed():
    found = identify(
        Directions(), named("AB", [1, 1]), named("AB", [1, 1]), embedded([0, None]), embedded([0, 5])
    )
    assert found.extra["rank_1"] == 0.5


def searches(enrolled_best: list[float], strangers_best: list[float]) -> Searches:
    best = np.array([*enrolled_best, *strangers_best], np.float32)
    enrolled = np.arange(len(best)) < len(enrolled_best)
    return Searches(np.arange(len(best)), best, enrolled, enrolled)


def test_one_stranger_in_a_hundred_may_find_somebody():
    found = judge(searches([0.5, 0.985, 0.999, -np.inf], [i / 100 for i in range(100)]))
    assert found.thresholds[0.01] == pytest.approx(0.98)
    assert found.fnir[0.01][0] == 0.5  # 0.5 is below, and no face was found once
    assert found.thresholds[0.1] == pytest.approx(0.89)


def test_a_rate_that_less_than_one_stranger_decides_has_no_figure():
    assert set(judge(searches([1.0], [0.1] * 50)).fnir) == {0.1}


def test_a_stranger_with_many_pictures_weighs_as_much_as_one_with_one():
    best = np.array([0.9, 0.9, 0.9, 0.9, 0.5], np.float32)
    weights = np.array([0.25, 0.25, 0.25, 0.25, 1])
    assert threshold_at(best, weights, 0.5) == 0.5
    assert threshold_at(best, weights, 0.4) == pytest.approx(0.9)


def test_a_folder_is_split_into_enrolled_and_strangers():
    crowded, vectors = crowd(400, 3, spread=0.05)
    found = identify_split(Directions(), crowded, vectors, enrol=1, size=150, repeats=2)
    assert (found.extra["gallery"], found.extra["strangers"], found.extra["repeats"]) == (150, 200, 2)
    assert (found.n_genuine, found.n_impostor) == (300, 400)
    assert found.extra["rank_1"] > 0.9
    point = found.extra["fnir_at_fpir"]["0.01"]
    assert point["low"] <= point["fnir"] <= point["high"]


def test_too_few_people_to_split_are_refused():
    with pytest.raises(EvaluationError, match="four people"):
        identify_split(Directions(), *crowd(3, 3), enrol=1, size=None)
