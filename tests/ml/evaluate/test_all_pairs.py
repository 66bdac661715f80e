import numpy as np
import pytest

from ml.evaluate.all_pairs import all_pairs
from ml.evaluate.errors import EvaluationError
from ml.evaluate.people import People
from tests.ml.evaluate.made_up import Directions, crowd, embedded, people


def test_every_pair_of_people_meets_once_and_fnmr_is_the_mean_over_people():
    # four people 90 degrees apart, twice two of them close; person 0 loses one of three pairs, person 1 none
    found = all_pairs(Directions(), people([3, 2, 1, 1]), embedded([0, 0, 60, 90, 90, 180, 270]))
    assert (found.n_people, found.n_genuine, found.n_impostor) == (4, 4, 6)
    assert found.extra["people_with_genuine"] == 2
    shipped = found.extra["shipped"]  # threshold 0.5: cos 60 does not exceed it
    assert shipped["fnmr"] == pytest.approx((2 / 3 + 0) / 2)
    assert shipped["fmr"] == 0


def test_a_picture_without_a_face_loses_its_comparisons_and_lets_nobody_in():
    found = all_pairs(Directions(), people([2, 2, 1]), embedded([0, None, 90, 90, None]))
    assert found.undetected == 2
    assert (found.n_genuine, found.n_impostor) == (2, 1)
    assert found.extra["shipped"]["fnmr"] == 0.5


def test_five_enrolled_pictures_meet_the_rest_and_one_picture_of_everybody_else():
    angles = [0.0] * 5 + [10, 70] + [90.0] * 5 + [95] + [180, 181] + [270]
    found = all_pairs(Directions(), people([7, 6, 2, 1]), embedded(angles), enrol=5)
    assert found.n_genuine == 3
    assert found.n_impostor == 2 * 3
    assert found.extra["shipped"]["fnmr"] == pytest.approx((1 / 2 + 0) / 2)


def test_the_rate_agrees_with_counting_all_pairs_by_hand():
    crowded, vectors = crowd(60, 3)
    found = all_pairs(Directions(), crowded, vectors)
    similarity = vectors.vectors[::3] @ vectors.vectors[::3].T
    impostor = np.sort(similarity[np.triu_indices(60, 1)])
    point = found.fnmr_at_fmr["1e-2"]
    assert found.n_impostor == len(impostor) == 1770
    assert point.threshold == pytest.approx(impostor[-18])
    assert point.decided_by == 17
    assert point.low <= point.fnmr <= point.high
    assert "1e-4" not in found.fnmr_at_fmr  # less than one comparison would decide


def test_blocks_change_nothing(monkeypatch):
    crowded, vectors = crowd(50, 7)
    whole = [all_pairs(Directions(), crowded, vectors, enrol=n).as_json() for n in (1, 5)]
    monkeypatch.setattr("ml.evaluate.all_pairs.BLOCK", 7)
    assert [all_pairs(Directions(), crowded, vectors, enrol=n).as_json() for n in (1, 5)] == whole


def test_near_duplicates_can_be_left_out():
    doubles = np.array([False, True, False, False])
    found = all_pairs(Directions(), people([3, 1]), embedded([0, 0, 90, 180]), doubles=doubles)
    assert found.n_genuine == 1
    assert found.extra["shipped"]["fnmr"] == 1


@pytest.mark.parametrize("enrol", [1, 5])
def test_people_with_one_picture_each_are_not_enough(enrol):
    lonely: People = people([1, 1])
    with pytest.raises(EvaluationError, match="picture"):
        all_pairs(Directions(), lonely, embedded([0, 90]), enrol=enrol)
