import sys

import numpy as np
import pytest

from backend.operations.portraits import portrait
from ml.evaluate.choice import ModelSpec
from ml.evaluate.commands import portraits
from ml.evaluate.errors import EvaluationError
from ml.evaluate.peer import fewer_errors, side_by_side_ms
from ml.evaluate.result import Point, Result
from tests.ml.pictures import COLLINS


def result(model: str, fnmr: float) -> Result:
    points = {"1e-3": Point(fnmr, 0, 1, 0.5, 9), "1e-4": Point(fnmr * 2, 0, 1, 0.5, 9)}
    return Result("all-pairs", model, "v", 9, 9, 9, fnmr_at_fmr=points, extra={"enrol": 1})


def test_ours_must_err_less_at_every_rate():
    assert fewer_errors([result("default", 0.1), result("peer", 0.2)]) == {"all-pairs 1": True}
    assert fewer_errors([result("default", 0.2), result("peer", 0.2)]) == {"all-pairs 1": False}


def test_both_are_timed_on_the_same_pictures():
    spec = ModelSpec("untuned")
    found = side_by_side_ms(spec.load(), ModelSpec("default").load(), portraits(), runs=2)
    assert found["couples"] == 4
    assert found["times_faster"] > 0


def test_a_missing_peer_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "face_recognition", None)
    with pytest.raises(EvaluationError, match="pip install --no-deps face_recognition"):
        ModelSpec("peer").load()


def test_our_models_find_the_same_face_whatever_stands_beside_it():
    model = ModelSpec("untuned").load()
    vector = model.embed(portrait(COLLINS))
    assert vector is not None
    assert model.scores(vector[None], model.template(vector[None])[None])[0, 0] == pytest.approx(0, abs=1e-2)
    assert np.linalg.norm(vector) != pytest.approx(1, abs=1e-3)  # raw
