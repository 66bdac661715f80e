from pathlib import Path

import numpy as np
import pytest

from ml.evaluate.errors import EvaluationError
from ml.evaluate.groups import Labelled, by_group, read_labels, strangers
from tests.ml.evaluate.made_up import Directions, embedded


def labelled(rows: list[tuple[int, str]]) -> Labelled:
    pictures = tuple(Path(f"{i}.jpg") for i in range(len(rows)))
    return Labelled(pictures, np.array([age for age, _ in rows]), np.array([group for _, group in rows]), 0)


def test_every_two_strangers_of_a_group_meet_once():
    vectors = embedded([0, 90, 180]).vectors
    assert strangers(Directions(), vectors).tolist() == pytest.approx([0, -1, 0], abs=1e-6)


def test_the_worst_adult_group_sets_the_safe_threshold_and_children_only_report():
    rows = [(30, "A")] * 4 + [(30, "B")] * 4 + [(8, "B")] * 3 + [(70, "A")] * 2
    angles = [0, 90, 180, 270, 0, 60, 120, 180, 0, 1, 2, 0, 0]
    found = by_group(
        Directions(), labelled(rows), embedded(angles), threshold=0.4, nominal=0.5, n_min=4
    ).extra
    by_name = {(group["group"], group["years"]): group for group in found["groups"]}
    assert by_name["A", "adults"]["multiple"] == 0
    assert by_name["B", "adults"]["above"] == 3  # of 6 pairs the neighbours, cos 60 = 0.5
    assert by_name["B", "adults"]["multiple"] == 1
    assert by_name["B", "children"]["multiple"] == 2
    assert (found["worst_adult_group"], found["worst_adult_multiple"]) == ("B", 1)
    adults = [by_name[group, "adults"]["threshold_at_nominal"] for group in "AB"]
    assert found["safe_threshold"] == max(adults) == pytest.approx(0)


def test_small_groups_and_doubles_do_not_count():
    rows = [(30, "A")] * 4 + [(30, "B")] * 2
    doubles = np.array([False, True, False, False, False, False])
    found = by_group(
        Directions(),
        labelled(rows),
        embedded([0, 0, 90, 180, 0, 0]),
        threshold=0.4,
        nominal=0.5,
        n_min=3,
        doubles=doubles,
    )
    assert [(group["group"], group["n"]) for group in found.extra["groups"]] == [("A", 3), ("B", 2)]
    assert found.extra["worst_adult_group"] == "A"


def test_labels_stand_in_utkfaces_names(tmp_path):
    for name in ("30_0_1_2017.jpg", "8_1_3_2017.jpg", "61_1_20170109.jpg"):
        (tmp_path / name).write_bytes(b"")
    found = read_labels(tmp_path, "utkface")
    assert list(zip(found.ages.tolist(), found.groups.tolist(), strict=True)) == [
        (30, "Black"),
        (8, "Indian"),
    ]
    assert found.without_label == 1


def test_labels_stand_in_a_csv_and_the_cohort_stays_out(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "labels.csv").write_text(
        "picture,age,group\na.jpg,30,North\nb.jpg,40,South\nc.jpg,50,South\n"
    )
    (tmp_path / "cohort.txt").write_text("b.jpg\n")
    found = read_labels(tmp_path, str(tmp_path / "labels.csv"), [tmp_path / "cohort.txt"])
    assert [picture.name for picture in found.pictures] == ["a.jpg", "c.jpg"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("picture,age\na.jpg,3\n", "line 1: needs the columns"),
        ("picture,age,group\nx.jpg,3,A\n", r"line 2: .*x.jpg does not exist"),
        ("picture,age,group\na.jpg,old,A\n", "line 2: age 'old'"),
    ],
)
def test_labels_that_do_not_fit_are_refused_by_line(tmp_path, text, said):
    (tmp_path / "a.jpg").write_bytes(b"")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(EvaluationError, match=said):
        read_labels(tmp_path, str(tmp_path / "labels.csv"))
