import numpy as np
import pytest

from ml.evaluate.metrics import (
    TooFewImpostors,
    best_threshold,
    brier,
    cllr,
    equal_error_rate,
    error_rates,
    even_weights,
    expected_calibration_error,
    fnmr_at_fmr,
    platt,
    slope_through,
    wilson,
)


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


def test_error_rates_of_four_hand_made_scores():
    fmr, fnmr = error_rates(
        np.array([0.9, 0.6, 0.4]), np.array([0.5, 0.2, 0.1, 0.0]), np.array([0.0, 0.45, 0.9])
    )
    assert fmr.tolist() == [0.75, 0.25, 0]
    assert fnmr.tolist() == pytest.approx([0, 1 / 3, 1])


def test_the_equal_error_rate_of_two_overlapping_pairs_is_a_half():
    assert equal_error_rate(np.array([0.3, 0.9]), np.array([0.1, 0.6])) == 0.5
    assert equal_error_rate(np.array([0.8, 0.9]), np.array([0.1, 0.6])) == 0


def test_the_best_threshold_lies_in_the_middle_of_the_gap():
    scores, same = np.array([0.1, 0.2, 0.8, 0.9, 0.3]), np.array([False, False, True, True, True])
    assert best_threshold(scores, same) == (pytest.approx(0.25), 1.0)


def test_no_threshold_parts_equal_scores():
    threshold, share = best_threshold(np.full(4, 0.5), np.array([True, False, True, True]))
    assert share == 0.75
    assert threshold < 0.5


def test_the_interval_of_42_errors_among_6000_is_wilsons():
    low, high = wilson(42, 6_000)
    assert (round(low, 4), round(high, 4)) == (0.0052, 0.0094)


def test_probabilities_that_come_true_have_no_calibration_error():
    said = np.repeat([0.25, 0.75], 4)
    same = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    weights = np.ones(8)
    assert expected_calibration_error(said, same, weights) == 0
    assert brier(said, same, weights) == pytest.approx(0.1875)
    assert expected_calibration_error(np.full(8, 0.9), same, weights) == pytest.approx(0.4)


def test_cllr_is_one_bit_without_information_and_rises_with_wrong_certainty():
    nothing = np.zeros(10)
    assert cllr(nothing, nothing) == pytest.approx(1)
    assert cllr(np.full(10, 5.0), np.full(10, -5.0)) == pytest.approx(np.log2(1 + np.exp(-5)))
    assert cllr(np.full(10, -5.0), np.full(10, 5.0)) > 7


def test_genuine_and_impostors_weigh_the_same_however_many_they_are():
    same = np.array([True, False, False, False])
    weights = even_weights(same)
    assert weights[same].sum() == weights[~same].sum() == 0.5


def test_the_logistic_curve_is_found_again():
    generator = np.random.default_rng(7)
    score = generator.uniform(-1, 1, 100_000)
    same = generator.uniform(0, 1, len(score)) < 1 / (1 + np.exp(-(5 * score - 1)))
    assert platt(score, same, np.ones(len(score))) == (
        pytest.approx(5, rel=0.05),
        pytest.approx(-1, rel=0.05),
    )
