import numpy as np
import pytest

from ml.evaluate.probability import Half, half_of, held_out


def half(people: int, seed: int, shift: float = 0.0) -> Half:
    generator = np.random.default_rng(seed)
    same = np.arange(20_000) < 4_000
    return Half(people, generator.normal(np.where(same, 1, -1) + shift, 1), same)


def test_a_curve_that_fits_both_halves_is_honest_about_people_held_out():
    found = held_out([half(30, 1), half(20, 2)])
    assert (found.people, found.n_genuine, found.n_impostor) == (50, 8_000, 32_000)
    assert found.ece < 0.02
    assert found.slope == pytest.approx(2, rel=0.1)  # two normals two apart: the log-likelihood ratio is 2 s
    assert 0 < found.brier < 0.25
    assert 0 < found.cllr < 1


def test_a_curve_fitted_on_other_circumstances_is_found_out():
    assert held_out([half(30, 1), half(20, 2, shift=1.0)]).ece > 0.1


def test_a_person_is_always_in_the_same_half():
    assert [half_of(name) for name in ("Ada", "Bob", "Ada")][::2] == [half_of("Ada")] * 2
    assert {half_of(f"person {i}") for i in range(20)} == {0, 1}
