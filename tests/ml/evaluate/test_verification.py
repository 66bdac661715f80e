from pathlib import Path

import numpy as np
import pytest

from ml.evaluate.errors import EvaluationError
from ml.evaluate.verification import IN_SAMPLE, read_pairs, verify
from tests.ml.evaluate.made_up import Directions, embedded


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Six people with two pictures each; the pictures are never read here."""
    for name in "ABCDEF":
        (tmp_path / name).mkdir()
        for number in (1, 2):
            (tmp_path / name / f"{name}_{number:04d}.jpg").write_bytes(b"")
    return tmp_path


def listed(images: Path, *lines: str) -> Path:
    file = images / "pairs.txt"
    file.write_text("\n".join(lines) + "\n")
    return file


def three_folds(images: Path) -> Path:
    lines = ["3\t1"]
    for one, other in ("AB", "CD", "EF"):
        lines += [f"{one}\t1\t2", f"{one}\t1\t{other}\t1"]
    return listed(images, *lines)


def test_each_fold_is_judged_at_the_threshold_of_the_others(images):
    pairs = read_pairs(images, three_folds(images))
    # A and C: same at 0 degrees, others at 90; fold 3 same at 80 degrees: below the threshold of the other folds
    angle = {"A1": 0, "A2": 0, "B1": 90, "C1": 0, "C2": 0, "D1": 90, "E1": 0, "E2": 80, "F1": 180}
    found = verify(Directions(), pairs, embedded([angle[p.stem[0] + p.stem[-1]] for p in pairs.pictures]))
    assert found.extra["accuracy_by_fold"] == [1, 1, 0.5]
    assert found.accuracy == pytest.approx(5 / 6)
    assert found.accuracy_std == pytest.approx(np.std([1, 1, 0.5], ddof=1))
    assert (found.n_genuine, found.n_impostor, found.extra["errors"]) == (3, 3, 1)


def test_a_pair_with_an_undetected_face_is_an_error_even_between_strangers(images):
    pairs = read_pairs(images, three_folds(images))
    angle = {"A1": 0, "A2": 0, "B1": None, "C1": 0, "C2": 0, "D1": 90, "E1": 0, "E2": 0, "F1": 90}
    found = verify(Directions(), pairs, embedded([angle[p.stem[0] + p.stem[-1]] for p in pairs.pictures]))
    assert found.undetected == 1
    assert found.extra["accuracy_by_fold"] == [0.5, 1, 1]


def test_one_fold_is_judged_in_sample_and_says_so(images):
    pairs = read_pairs(images, listed(images, "2", "A\t1\t2", "C\t1\t2", "A\t1\tB\t1", "C\t1\tD\t1"))
    angle = {"A1": 0, "A2": 5, "B1": 90, "C1": 0, "C2": 70, "D1": 90}
    found = verify(Directions(), pairs, embedded([angle[p.stem[0] + p.stem[-1]] for p in pairs.pictures]))
    assert found.accuracy == 1
    assert found.accuracy_std is None
    assert found.extra["recipe"] == IN_SAMPLE


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("1\t1", "A\t1\t2", "A\t1\tNobody\t1"), r"pairs.txt, line 3: .*Nobody_0001.jpg does not exist"),
        (("1\t1", "A\t1\t7", "A\t1\tB\t1"), r"line 2: .*A_0007.jpg does not exist"),
        (("1\t1", "A 1 2", "A\t1\tB\t1"), "line 2: neither"),
        (("1\t1", "A\t1\tx", "A\t1\tB\t1"), "line 2: 'x' is not the number"),
        (("2\t1", "A\t1\t2", "A\t1\tB\t1"), "promises 4 pairs, 2 lines"),
        (("A\t1\t2",), "line 1: expected the number of folds"),
        ((), "line 1"),
    ],
)
def test_a_list_that_does_not_fit_is_refused_by_file_and_line(images, lines, said):
    with pytest.raises(EvaluationError, match=said):
        read_pairs(images, listed(images, *lines))
