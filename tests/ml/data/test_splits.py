import hashlib

import pytest

from ml.data.files import DataUnusable
from ml.data.splits import Split, one_split_each, plain, read_names, split_of, split_sha256


@pytest.mark.parametrize(
    ("one", "other"),
    [("pins_Robert Downey Jr", "Robert_Downey_Jr"), ("Zoë Kravitz", "zoe_kravitz"), ("Al-Douri", "Al Douri")],
)
def test_one_person_spelt_two_ways_is_one_person(one, other):
    assert plain(one) == plain(other)


def test_numbered_people_stay_apart():
    assert len({plain(name) for name in ("person 1", "person 2", "0001", "0002", "__")}) == 5


def test_the_name_alone_decides_and_about_a_fifth_validates():
    names = [f"person{number}" for number in range(2000)]
    validation = sum(split_of(name) is Split.VALIDATION for name in names)
    assert 320 < validation < 480
    assert split_of("hughjackman") is split_of("hughjackman")
    assert {split_of(name, test_only=True) for name in names} == {Split.TEST}


def test_the_splits_hash_is_over_sorted_lines():
    expected = hashlib.sha256(b"ann train\nbob validation\n").hexdigest()
    assert split_sha256({"bob": "validation", "ann": "train"}) == expected


def test_a_person_in_two_splits_is_named():
    with pytest.raises(ValueError, match="ann is in two splits"):
        one_split_each(["ann", "", "ann", ""], ["train", "train", "test", "test"])


def test_names_are_read_one_a_line_and_an_absent_file_is_named(tmp_path):
    (tmp_path / "names.txt").write_text("Tom Cruise\n\n# a remark\nEmma_Watson  # too\n")
    assert read_names(tmp_path / "names.txt") == {"tomcruise", "emmawatson"}
    with pytest.raises(DataUnusable, match=r"absent\.txt cannot be read"):
        read_names(tmp_path / "absent.txt")
