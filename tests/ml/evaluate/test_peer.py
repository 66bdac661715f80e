import sys

import pytest

from ml.evaluate.choice import ModelSpec
from ml.evaluate.commands import portraits
from ml.evaluate.errors import EvaluationError
from ml.evaluate.our_models import Default
from ml.evaluate.peer import fewer_errors, side_by_side_ms
from ml.evaluate.result import Point, Result
from ml.face.manifest import MODELS


def result(model: str, fnmr: float) -> Result:
    points = {"1e-3": Point(fnmr, 0, 1, 0.5, 9), "1e-4": Point(fnmr * 2, 0, 1, 0.5, 9)}
    return Result("all-pairs", model, "v", 9, 9, 9, fnmr_at_fmr=points, extra={"enrol": 1})


def test_ours_must_err_less_at_every_rate():
    assert fewer_errors([result("default", 0.1), result("peer", 0.2)]) == {"all-pairs 1": True}
    assert fewer_errors([result("default", 0.2), result("peer", 0.2)]) == {"all-pairs 1": False}


def test_both_are_timed_on_the_same_pictures():
    ours, theirs = Default(MODELS), Default(MODELS, name="peer")
    found = side_by_side_ms(ours, theirs, portraits(), runs=2)
    assert found["couples"] == 4
    assert found["times_faster"] > 0


def test_a_missing_peer_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    with pytest.raises(EvaluationError, match="pip install --no-deps face_recognition"):
        ModelSpec("peer").load()
