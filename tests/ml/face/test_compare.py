import numpy as np
import pytest

from ml.face.compare import Decision, compare, cosine
from ml.face.manifest import Threshold
from ml.face.reasons import Reason

THRESHOLD = Threshold(
    cosine=0.9,
    slope=50,
    fmr=1e-4,
    fnmr=0.1,
    people=2,
    genuine=9,
    impostor=9,
    protocol="made up",
    status="test",
)


def at(angle_deg: float) -> np.ndarray:
    """A template `angle_deg` away from at(0)."""
    vector = np.zeros(128, np.float32)
    vector[:2] = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return vector


def compared(probe: np.ndarray, *references: np.ndarray):
    return compare(probe, references, threshold=THRESHOLD, model="m-1")


def test_the_same_template_matches_and_names_the_model():
    same = compared(at(0), at(0))
    assert (same.decision, same.reasons, same.model) == (Decision.MATCH, (Reason.MATCH,), "m-1")
    assert same.probability > 0.99


def test_another_template_does_not_match_and_says_why():
    other = compared(at(0), at(60))
    assert (other.decision, other.reasons) == (Decision.NO_MATCH, (Reason.BELOW_THRESHOLD,))
    assert other.probability < 0.01


def test_probability_is_one_half_at_the_threshold_and_rises_with_the_cosine():
    degrees = [float(np.degrees(np.arccos(c))) for c in (0.85, 0.9, 0.95)]
    low, half, high = (compared(at(0), at(d)).probability for d in degrees)
    assert low < half < high
    assert abs(half - 0.5) < 1e-4


def test_an_opposite_template_ends_in_a_number_not_in_an_overflow():
    assert 0 <= compared(at(0), at(180)).probability < 1e-9


def test_several_references_count_by_their_mean_direction():
    assert cosine(at(0), [at(-20), at(20)]) == pytest.approx(1)
    assert cosine(at(0), [at(20), at(20) * 7]) == pytest.approx(np.cos(np.radians(20)))


def test_the_order_of_references_does_not_matter():
    assert cosine(at(3), [at(10), at(50)]) == pytest.approx(cosine(at(3), [at(50), at(10)]), abs=1e-7)


def test_no_reference_is_an_error_never_a_match():
    with pytest.raises(ValueError, match="no reference"):
        compared(at(0))


@pytest.mark.parametrize("wrong", [np.ones(127), np.ones((1, 128)), np.full(128, np.nan), np.zeros(128)])
def test_what_is_no_template_is_an_error_never_a_match(wrong):
    with pytest.raises(ValueError, match="template"):
        compared(at(0), wrong)
