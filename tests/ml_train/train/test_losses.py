from itertools import product

import numpy as np
import pytest
import torch

from ml.train.losses import batch_hard_loss, hardest, semi_hard_loss, squared_distances, triplet_loss


def by_triple_loop(embeddings: np.ndarray, people: np.ndarray, margin: float) -> float:
    losses = []
    for a in range(len(people)):
        farthest, nearest = -np.inf, np.inf
        for b in range(len(people)):
            distance = float(((embeddings[a] - embeddings[b]) ** 2).sum())
            if b != a and people[b] == people[a]:
                farthest = max(farthest, distance)
            if people[b] != people[a]:
                nearest = min(nearest, distance)
        if np.isfinite(farthest) and np.isfinite(nearest):
            losses.append(max(0.0, farthest - nearest + margin))
    return float(np.mean(losses)) if losses else 0.0


@pytest.mark.parametrize("seed", range(8))
def test_batch_hard_is_what_three_loops_find(seed):
    rng = np.random.default_rng(seed)
    people = rng.integers(0, 6, 24)  # some alone in the batch
    embeddings = rng.normal(size=(24, 5)).astype(np.float32)
    found = batch_hard_loss(torch.from_numpy(embeddings), torch.from_numpy(people), 0.2)
    assert float(found.loss) == pytest.approx(by_triple_loop(embeddings, people, 0.2), abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_semi_hard_averages_what_misses_the_objective_of_all_triplets_with_the_negative_behind(seed):
    rng = np.random.default_rng(seed)
    people = rng.integers(0, 6, 24)
    embeddings = rng.normal(size=(24, 5)).astype(np.float32) / 3
    apart = ((embeddings[:, None] - embeddings[None]) ** 2).sum(axis=2)
    triplets = [
        apart[a, p] - apart[a, n] + 0.2
        for a in range(24)
        for p in range(24)
        for n in range(24)
        if a != p and people[a] == people[p] != people[n] and apart[a, n] > apart[a, p]
    ]
    missed = [over for over in triplets if over > 0]
    found = semi_hard_loss(torch.from_numpy(embeddings), torch.from_numpy(people), 0.2)
    assert found.triplets == len(triplets)
    assert float(found.loss) == pytest.approx(np.mean(missed), abs=1e-5)
    assert float(found.met) == pytest.approx(1 - len(missed) / len(triplets), abs=1e-5)


def test_the_farthest_positive_and_the_nearest_negative_are_taken():
    people = torch.tensor([1, 1, 1, 2, 2])
    by_hand = torch.tensor(
        [
            [0.0, 1.0, 4.0, 3.0, 9.0],
            [1.0, 0.0, 2.0, 5.0, 6.0],
            [4.0, 2.0, 0.0, 7.0, 0.5],
            [3.0, 5.0, 7.0, 0.0, 8.0],
            [9.0, 6.0, 0.5, 8.0, 0.0],
        ]
    )
    farthest, nearest = hardest(by_hand, people)
    assert farthest.tolist() == [4, 2, 4, 8, 8]
    assert nearest.tolist() == [3, 5, 0.5, 3, 0.5]


def test_a_picture_alone_is_a_negative_and_no_anchor():
    farthest, nearest = hardest(torch.tensor([[0.0, 2, 1], [2, 0, 1], [1, 1, 0]]), torch.tensor([1, 1, 2]))
    assert farthest.tolist() == [2, 2]
    assert nearest.tolist() == [1, 1]


def test_a_batch_of_one_person_or_of_strangers_costs_nothing_and_has_a_gradient():
    embeddings = torch.randn(4, 3, requires_grad=True)
    for loss, people in product((batch_hard_loss, semi_hard_loss), (torch.zeros(4), torch.arange(4))):
        found = loss(embeddings, people)
        assert (float(found.loss.detach()), found.triplets) == (0, 0)
        found.loss.backward()


def test_triplets_that_meet_the_objective_add_nothing():
    anchor = torch.zeros(3, 1)
    positive = torch.tensor([[0.1], [0.5], [1.0]])
    negative = torch.tensor([[1.0], [0.5], [0.0]])
    found = triplet_loss(anchor, positive, negative, 0.2)
    assert float(found.loss) == pytest.approx((0 + 0.2 + 1.2) / 3)
    assert float(found.met) == pytest.approx(1 / 3)


def test_distances_are_squared_euclidean():
    a, b = torch.randn(4, 6), torch.randn(5, 6)
    assert torch.allclose(squared_distances(a, b), torch.cdist(a, b) ** 2, atol=1e-4)
