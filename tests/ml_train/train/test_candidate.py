from dataclasses import replace

import numpy as np
import pytest

from ml.face.normalise import Cohort
from ml.train import held_out
from ml.train.__main__ import main
from ml.train.candidate import compare, shared
from ml.train.similarity import ByScore
from tests.ml_train.train.test_similarity import KNOWN, planted, unit


@pytest.mark.parametrize(
    ("apart", "word"),
    [
        ([(-0.01, 0.01), (-0.02, -0.001)], "wins"),
        ([(-0.03, -0.02), (0.001, 0.02)], "does not ship"),  # better here, worse there
        ([(-0.01, 0.0), (-0.02, 0.0005)], "does not ship"),  # nothing lost, but nothing won either
        ([(0.0, 0.0), (0.0, 0.0)], "does not ship"),
    ],
)
def test_what_takes_the_place_of_another_must_win_somewhere_and_lose_nowhere(apart, word):
    points = [{"fnmr": (low + high) / 2, "low": low, "high": high} for low, high in apart]
    rows = [{"minus": {"after": {"1e-3": point, "1e-4": points[0]}}} for point in points]
    assert held_out.better(rows, "after") == word


@pytest.fixture(scope="module")
def before():
    return planted()


@pytest.fixture(scope="module")
def after(before):
    """Sees only what says who somebody is."""

    def clear(vectors):
        return unit(np.hstack([vectors[:, :KNOWN], 0.1 * vectors[:, KNOWN:]]))

    return replace(before, vectors=clear(before.vectors), strangers=clear(before.strangers))


def ways(*crowds):
    return {
        name: ByScore(Cohort(one.strangers[::2], nearest=50))
        for name, one in zip(("before", "after"), crowds, strict=True)
    }


def test_an_embedder_that_sees_more_wins_and_the_other_way_round_it_does_not_ship(before, after):
    found = compare(ways(before, after), {"before": before, "after": after}, seed=1)
    assert found["verdict"] == "wins"
    assert all(row["minus"]["after"]["1e-3"]["high"] < 0 for row in found["rows"])
    back = compare(ways(after, before), {"before": after, "after": before}, seed=1)
    assert back["verdict"] == "does not ship"


def test_an_embedder_as_good_as_the_one_that_serves_does_not_ship(before):
    found = compare(ways(before, before), {"before": before, "after": before}, seed=1)
    assert found["verdict"] == "does not ship"
    assert found["rows"][0]["minus"]["after"]["1e-4"] == {"fnmr": 0.0, "low": 0.0, "high": 0.0}


def test_people_whose_first_picture_one_of_the_two_cannot_see_take_no_part(before):
    blind = before.vectors.copy()
    blind[[8, 17]] = np.nan  # the first picture of one person, the second of another
    crowds = shared({"before": before, "after": replace(before, vectors=blind)})
    assert [one.names for one in crowds.values()] == [before.names[:1] + before.names[2:]] * 2
    assert int((~crowds["after"].found).sum()) == int((~crowds["before"].found).sum()) + 1


def test_one_version_in_two_folders_is_refused_in_a_sentence(tmp_path, capsys):
    nowhere = str(tmp_path)
    given = ["--people", nowhere, "--strangers", nowhere, "--after", "ml/face/models"]
    assert main(["candidate", *given]) == 2
    said = capsys.readouterr().err
    assert "ml/face/models says that it is" in said
    assert said.count("\n") == 1
