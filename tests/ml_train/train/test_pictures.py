"""From a prepared folder to the paper's table of pictures."""

from pathlib import Path

import pytest

from ml.data.files import DataUnusable
from ml.train.pictures import Pictures, collect
from tests.ml_train.train.prepared_folders import prepared


def test_a_table_holds_every_known_person_of_all_folders_with_and_without_a_mask(tmp_path: Path):
    one = prepared(tmp_path / "one", ["adalovelace", "adalovelace", "", "alanturing"], "lfw")
    two = prepared(tmp_path / "two", ["alanturing", "gracehopper", "gracehopper"], "pins", without_mesh=1)
    found = collect([one, two], 48, tmp_path / "table")
    assert found.plain.shape == (5, 48, 48, 3)
    assert found.names == ("adalovelace", "alanturing", "gracehopper")
    assert found.people.tolist() == [0, 0, 1, 1, 2]  # who is in both sets is one person
    assert found.sets.tolist() == ["lfw"] * 3 + ["pins"] * 2
    changed = (found.plain != found.masked).any(axis=3).mean(axis=(1, 2))
    assert (changed > 0.1).all()
    assert (changed < 0.9).all()


def test_a_table_is_drawn_once(tmp_path: Path):
    folder = prepared(tmp_path / "one", ["adalovelace", "alanturing"], "lfw")
    first = collect([folder], 48, tmp_path / "table")
    assert (collect([], 48, tmp_path / "table").masked == first.masked).all()


def test_a_folder_without_people_is_refused(tmp_path: Path):
    with pytest.raises(DataUnusable, match="no picture shows a known person"):
        collect([prepared(tmp_path / "one", ["", ""], "utkface")], 48, tmp_path / "table")
    assert not (tmp_path / "table" / "table.json").exists()


def test_a_spoilt_table_names_the_file(tmp_path: Path):
    collect([prepared(tmp_path / "one", ["adalovelace", "alanturing"], "lfw")], 48, tmp_path / "table")
    (tmp_path / "table" / "masked.npy").unlink()
    with pytest.raises(DataUnusable, match=r"masked\.npy"):
        Pictures.open(tmp_path / "table")
