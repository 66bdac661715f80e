import numpy as np
import pytest
from sklearn import decomposition

from ml.train import pca


def embeddings(n: int = 300, d: int = 24, rank: int = 24) -> np.ndarray:
    rng = np.random.default_rng(3)
    mixed = rng.normal(size=(n, rank)) * np.geomspace(3, 0.01, rank)
    return (mixed @ rng.normal(size=(rank, d)) + rng.normal(size=d)).astype(np.float32)


@pytest.mark.parametrize(("n", "d"), [(300, 24), (20, 60)])
def test_components_and_shares_are_those_of_scikit_learn(n, d):
    x = embeddings(n, d)
    ours, theirs = pca.fit(x), decomposition.PCA(svd_solver="full").fit(x.astype(np.float64))
    assert np.allclose(ours.shares, theirs.explained_variance_ratio_, atol=1e-7)
    signs = np.sign((ours.components * theirs.components_).sum(axis=1))
    well = theirs.explained_variance_ratio_ > 1e-6  # the last component of few rows has none
    assert np.allclose((ours.components * signs[:, None])[well], theirs.components_[well], atol=1e-3)
    projected = theirs.transform(x.astype(np.float64))[:, :8] * signs[:8]
    assert np.allclose(ours.first(8).project(x), projected, atol=1e-3)


def test_the_count_for_a_share_is_that_of_scikit_learn():
    x = embeddings()
    for share in (0.5, 0.9, 0.9999):
        theirs = decomposition.PCA(n_components=share, svd_solver="full").fit(x.astype(np.float64))
        assert pca.fit(x).enough_for(share) == theirs.n_components_


def test_a_linear_map_out_of_six_numbers_has_six_components():
    assert pca.fit(embeddings(rank=6)).enough_for(0.9999) <= 6


def test_what_is_not_finite_is_refused():
    x = embeddings()
    x[3, 3] = np.nan
    with pytest.raises(ValueError, match="finite"):
        pca.fit(x)
