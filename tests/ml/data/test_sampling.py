import numpy as np
import pytest

from ml.data.sampling import PeopleBatches, balanced_pairs, nearest_people

PERSONS = np.repeat(["ann", "bob", "cid", "dan", "eve", "", "fay"], [7, 4, 9, 2, 5, 6, 1])
SPLITS = np.where(np.isin(PERSONS, ["dan", "eve"]), "validation", "train")


def batches(epoch: int = 0, **changes: object) -> list[list[int]]:
    options = {"people": 3, "pictures": 4, "seed": 7, **changes}
    return [list(batch) for batch in PeopleBatches(PERSONS, **options).epoch(epoch)]


def test_a_batch_holds_p_people_with_k_pictures_each():
    made = batches()
    assert len(made) >= 2
    for batch in made:
        people = PERSONS[batch].reshape(3, 4)
        assert (people == people[:, :1]).all()
        assert len(set(people[:, 0])) == 3
        assert not {"", "fay"} & set(people[:, 0])


def test_pictures_repeat_inside_a_group_only_where_a_person_has_fewer_than_k():
    for batch in batches():
        for group in np.reshape(batch, (3, 4)):
            assert len(set(group)) == (2 if PERSONS[group[0]] == "dan" else 4)


def test_an_epoch_repeats_by_its_seed_and_differs_from_the_next():
    assert batches() == batches()
    assert batches() != batches(epoch=1)
    assert batches() != batches(seed=8)


def test_nearly_every_picture_is_seen_in_an_epoch_of_equal_people():
    persons = np.repeat([f"p{i}" for i in range(10)], 8)
    seen = np.concatenate(list(PeopleBatches(persons, people=5, pictures=4, seed=1).epoch(0)))
    assert len(set(seen)) >= 0.7 * len(persons)
    assert len(set(seen)) == len(seen)


def test_hard_batches_put_neighbours_together():
    persons = np.repeat([f"p{i}" for i in range(8)], 6)  # p0 and p1 are alike, p2 and p3, …
    angles = np.repeat(np.arange(4) * 0.7, 2) + np.tile([0, 0.01], 4)
    means = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    neighbours = nearest_people(means, 1)
    assert list(neighbours[:, 0]) == [1, 0, 3, 2, 5, 4, 7, 6]
    made = list(PeopleBatches(persons, people=2, pictures=3, seed=3, neighbours=neighbours).epoch(0))
    together = [len({int(p[1:]) // 2 for p in persons[batch]}) == 1 for batch in made]
    assert sum(together) >= 0.75 * len(made)


def test_too_few_people_for_a_batch_is_said():
    with pytest.raises(ValueError, match="batches of 9 people from 5"):
        batches(people=9)
    with pytest.raises(ValueError, match="two pictures of each, not 3 x 1"):
        batches(pictures=1)


def pairs(count: int = 12, split: str = "train", seed: int = 5):
    return balanced_pairs(PERSONS, SPLITS, split=split, count=count, seed=seed)


def test_pairs_are_balanced_true_and_never_twice():
    made = pairs(60)
    assert made.same.sum() == 30
    assert np.array_equal(PERSONS[made.first] == PERSONS[made.second], made.same)
    assert len({frozenset(pair) for pair in zip(made.first, made.second, strict=True)}) == 60


def test_pairs_come_from_one_split_and_only_from_named_people():
    made = pairs(20, "validation")
    used = np.concatenate([made.first, made.second])
    assert set(PERSONS[used]) == {"dan", "eve"}
    assert "" not in PERSONS[np.concatenate([pairs(60).first, pairs(60).second])]


def test_people_take_turns_in_genuine_pairs():
    made = pairs(12)
    counts = [int((made.same & (PERSONS[made.first] == person)).sum()) for person in ("ann", "bob", "cid")]
    assert counts == [2, 2, 2]


def test_someone_with_one_picture_is_an_impostor_only():
    made = pairs(100)
    alone = (PERSONS[made.first] == "fay") | (PERSONS[made.second] == "fay")
    assert alone.any()
    assert not made.same[alone].any()


def test_pairs_repeat_by_their_seed():
    assert np.array_equal(pairs().first, pairs().first)
    assert not np.array_equal(pairs().first, pairs(seed=6).first)


def test_more_pairs_than_there_are_is_refused():
    with pytest.raises(ValueError, match="validation has 11 genuine pairs, 15"):
        pairs(30, "validation")


def test_pairs_refuse_a_person_who_is_in_two_splits():
    with pytest.raises(ValueError, match="ann is in two splits"):
        balanced_pairs(["ann", "ann"], ["train", "test"], split="train", count=2, seed=0)
