from dataclasses import replace

import numpy as np
import pytest

from ml.face.compare import Decision, compare, score
from ml.face.manifest import Threshold
from ml.face.reasons import Reason
from tests.ml.cohorts import random_cohort

THRESHOLD = Threshold(
    score=20,
    slope=2,
    fmr=1e-4,
    fnmr=0.1,
    people=2,
    genuine=9,
    impostor=9,
    protocol="made up",
    status="test",
)


COHORT = random_cohort(300, nearest=40)


def at(angle_deg: float) -> np.ndarray:
    """A template `angle_deg` away from at(0)."""
    vector = np.zeros(128, np.float32)
    vector[:2] = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return vector


def compared(probe: np.ndarray, *references: np.ndarray, threshold: Threshold = THRESHOLD):
    return compare(probe, references, cohort=COHORT, threshold=threshold, model="m-1")


def test_the_same_template_matches_and_names_the_model():
    same = compared(at(0), at(0))
    assert (same.decision, same.reasons, same.model) == (Decision.MATCH, (Reason.MATCH,), "m-1")
    assert same.probability > 0.99


def test_another_template_does_not_match_and_says_why():
    other = compared(at(0), at(60))
    assert (other.decision, other.reasons) == (Decision.NO_MATCH, (Reason.BELOW_THRESHOLD,))
    assert other.probability < 0.01


def test_probability_is_one_half_at_the_threshold_and_rises_with_the_score():
    threshold = replace(THRESHOLD, score=score(at(0), [at(25)], COHORT))
    low, half, high = (compared(at(0), at(d), threshold=threshold).probability for d in (26, 25, 24))
    assert low < half < high
    assert half == pytest.approx(0.5)


def test_an_opposite_template_ends_in_a_number_not_in_an_overflow():
    assert 0 <= compared(at(0), at(180)).probability < 1e-9


def test_several_references_count_by_their_mean_direction():
    alone = score(at(0), [at(0)], COHORT)
    assert score(at(0), [at(-20), at(20)], COHORT) == pytest.approx(alone, rel=1e-5)
    assert score(at(0), [at(20), at(20) * 7], COHORT) == pytest.approx(
        score(at(0), [at(20)], COHORT), rel=1e-5
    )


def test_the_order_of_references_does_not_matter():
    one_way, other_way = score(at(3), [at(10), at(50)], COHORT), score(at(3), [at(50), at(10)], COHORT)
    assert one_way == pytest.approx(other_way, rel=1e-5)


def test_no_reference_is_an_error_never_a_match():
    with pytest.raises(ValueError, match="no reference"):
        compared(at(0))


@pytest.mark.parametrize("wrong", [np.ones(127), np.ones((1, 128)), np.full(128, np.nan), np.zeros(128)])
def test_what_is_no_template_is_an_error_never_a_match(wrong):
    with pytest.raises(ValueError, match="template"):
        compared(at(0), wrong)
