import numpy as np
import pytest

from ml.evaluate.all_pairs import against_templates, upper_triangle
from ml.evaluate.bootstrap import Genuine, rate_at, weighed_total
from ml.evaluate.metrics import TooFewImpostors
from tests.ml.evaluate.made_up import Directions, embedded


def corners(n: int) -> np.ndarray:
    return embedded([360 * i / n for i in range(n)]).vectors


def test_positions_lead_back_to_the_pair_of_people():
    people = np.array([3, 5, 8, 9])
    found = upper_triangle(Directions(), corners(4), people)
    a, b = found.people_of(np.arange(6))
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(3, 5), (3, 8), (3, 9), (5, 8), (5, 9), (8, 9)]
    against = against_templates(
        Directions(), corners(3), np.array([0, 1, 2]), corners(2), np.array([1, 2]), np.array([2, 0, 1])
    )
    a, b = against.people_of(np.arange(len(against.scores)))
    assert list(zip(a.tolist(), b.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2), (2, 1)]


def test_the_weight_of_all_pairs_equals_the_sum_over_the_pairs():
    weights = np.array([[1, 0, 2, 3, 0], [1, 1, 1, 1, 1]], float)
    whole = upper_triangle(Directions(), corners(5), np.arange(5))
    a, b = whole.people_of(np.arange(10))
    assert weighed_total(whole, weights).tolist() == (weights[:, a] * weights[:, b]).sum(axis=1).tolist()
    against = against_templates(
        Directions(), corners(5), np.arange(5), corners(2), np.array([1, 3]), np.array([2, 0, 2, 1, 2])
    )
    a, b = against.people_of(np.arange(len(against.scores)))
    assert weighed_total(against, weights).tolist() == (weights[:, a] * weights[:, b]).sum(axis=1).tolist()


def test_the_interval_follows_people_not_pairs():
    """Ten people, all of whose many comparisons end alike: as uncertain as ten comparisons, not as a thousand."""
    impostors = upper_triangle(Directions(), corners(40), np.arange(40))
    scores = [np.full(100, 2.0 if person < 5 else -2.0, np.float32) for person in range(10)]
    rate = rate_at(Genuine(np.arange(10), scores), impostors, 0.1, n_people=40)
    assert rate.fnmr == rate.fnmr_of_pairs == 0.5
    assert rate.low < 0.3
    assert rate.high > 0.7


def test_a_rate_below_one_comparison_is_refused():
    impostors = upper_triangle(Directions(), corners(10), np.arange(10))
    with pytest.raises(TooFewImpostors, match="1000"):
        rate_at(Genuine(np.arange(1), [np.ones(3, np.float32)]), impostors, 1e-3, n_people=10)
