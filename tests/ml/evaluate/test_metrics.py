import numpy as np
import pytest

from ml.evaluate.metrics import TooFewImpostors, fnmr_at_fmr, slope_through


def test_the_threshold_lets_exactly_the_allowed_share_of_impostors_through():
    impostor = np.arange(1000) / 1000
    point = fnmr_at_fmr(np.array([0.2, 0.9951]), impostor, 0.01)
    assert (impostor > point.threshold).sum() == 10
    assert (point.fmr, point.fnmr, point.n_genuine, point.n_impostor) == (0.01, 0.5, 2, 1000)


def test_a_probe_without_a_face_counts_as_a_lost_genuine_comparison():
    impostor = np.linspace(0, 0.5, 100)
    assert fnmr_at_fmr(np.array([0.9, -np.inf]), impostor, 0.01).fnmr == 0.5


def test_equal_impostors_never_let_more_through_than_allowed():
    assert fnmr_at_fmr(np.array([0.9]), np.full(200, 0.4), 0.01).fmr == 0


def test_a_rate_below_one_comparison_is_refused():
    with pytest.raises(TooFewImpostors, match="10000"):
        fnmr_at_fmr(np.array([0.9]), np.zeros(9_999), 1e-4)


def test_a_rate_without_genuine_comparisons_is_refused():
    with pytest.raises(ValueError, match="no genuine"):
        fnmr_at_fmr(np.array([]), np.zeros(100), 0.1)


def test_the_slope_is_found_again_on_scores_that_follow_it():
    generator = np.random.default_rng(7)
    score = generator.uniform(-1, 1, 200_000)
    genuine = generator.uniform(0, 1, len(score)) < 1 / (1 + np.exp(-6 * score))
    assert slope_through(score[genuine], score[~genuine], 0.0) == pytest.approx(6, rel=0.05)
