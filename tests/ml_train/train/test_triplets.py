import numpy as np
import pytest

from ml.train.triplets import NoTriplets, grouped_batches, random_pairs, random_triplets

PEOPLE = np.array([0, 0, 0, 1, 1, 2, 3, 3, 3, 3])


def test_a_triplet_is_two_pictures_of_one_person_and_one_of_another():
    triplets = random_triplets(PEOPLE, 500, np.random.default_rng(1))
    anchor, positive, negative = triplets.T
    assert (anchor != positive).all()
    assert (PEOPLE[anchor] == PEOPLE[positive]).all()
    assert (PEOPLE[anchor] != PEOPLE[negative]).all()
    assert set(anchor) == set(np.flatnonzero(PEOPLE != 2))  # the person with one picture is nobody's positive
    assert 5 in negative


def test_every_anchor_comes_once_a_round_and_in_another_order_in_the_next():
    rng = np.random.default_rng(1)
    first, second = (random_triplets(PEOPLE, 9, rng)[:, 0] for _ in range(2))
    assert sorted(first) == sorted(second)
    assert list(first) != list(second)


@pytest.mark.parametrize("people", [[0, 1, 2], [0, 0, 0], []])
def test_people_without_a_triplet_are_refused(people):
    with pytest.raises(NoTriplets, match="two pictures"):
        random_triplets(np.array(people, np.int64), 3, np.random.default_rng(1))


def test_pairs_are_half_genuine_and_half_impostor():
    pairs, genuine = random_pairs(PEOPLE, 200, np.random.default_rng(1))
    assert genuine.sum() == 100
    assert ((PEOPLE[pairs[:, 0]] == PEOPLE[pairs[:, 1]]) == genuine).all()


def test_someone_with_one_picture_is_an_impostor_only():
    pairs, genuine = random_pairs(PEOPLE, 200, np.random.default_rng(1))
    alone = (pairs == 5).any(axis=1)
    assert alone.any()
    assert not genuine[alone].any()


def test_pairs_and_batches_repeat_by_their_seed():
    def drawn(seed):
        pairs, _ = random_pairs(PEOPLE, 20, np.random.default_rng(seed))
        return pairs.tolist(), [list(b) for b in grouped_batches(PEOPLE, 4, 2, np.random.default_rng(seed))]

    assert drawn(1) == drawn(1)
    assert all(one != other for one, other in zip(drawn(1), drawn(2), strict=True))


def test_an_epoch_of_groups_shows_every_picture_once_in_another_order_each_time():
    people = np.repeat(np.arange(40), 5)
    rng = np.random.default_rng(1)
    first, second = (np.concatenate(list(grouped_batches(people, 20, 4, rng))) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(200))
    assert list(first) != list(second)


def test_a_batch_holds_p_people_with_k_pictures_each():
    people = np.repeat(np.arange(40), 4)
    for batch in grouped_batches(people, 16, 4, np.random.default_rng(1)):
        assert len(set(batch)) == 16
        assert len(np.unique(people[batch])) == 4
        assert (np.unique(people[batch], return_counts=True)[1] == 4).all()
