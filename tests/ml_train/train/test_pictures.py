"""From a prepared folder to the paper's table of pictures."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from ml.data.files import DataUnusable
from ml.data.prepared import COLUMNS
from ml.data.splits import split_of, split_sha256
from ml.train.pictures import Pictures, collect

MESH = np.load(Path(__file__).parents[2] / "ml" / "data" / "average_face.npy") / 1000


def prepared(folder: Path, persons: list[str], set_name: str, *, without_mesh: int = 0) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(1)
    np.save(folder / "crops-000.npy", rng.integers(0, 256, (len(persons), 192, 192, 3), dtype=np.uint8))
    points = np.tile((MESH * 100 + (46, 40)).astype(np.float32), (len(persons), 1, 1))
    points[len(persons) - without_mesh :] = np.nan
    np.save(folder / "points.npy", points)
    splits = {person: str(split_of(person)) for person in persons if person}
    with (folder / "index.csv").open("w", newline="") as file:
        lines = csv.DictWriter(file, COLUMNS, restval="")
        lines.writeheader()
        for row, person in enumerate(persons):
            own = {"person": person, "split": splits.get(person, "train"), "row": row, "pack": 0}
            lines.writerow({"picture": f"{row}.jpg", "set": set_name, **own})
    report = {"split_sha256": split_sha256(splits), "sets": [set_name]}
    (folder / "report.json").write_text(json.dumps(report))
    return folder


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
