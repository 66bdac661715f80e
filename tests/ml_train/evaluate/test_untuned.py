"""The net that others are held against does not ship: it is exported first."""

from pathlib import Path

import numpy as np
import pytest

from backend.operations.portraits import portrait
from ml.evaluate.choice import ModelSpec
from ml.evaluate.errors import EvaluationError
from ml.evaluate.our_models import UNTUNED_SHA256
from ml.export import UNTUNED, UNTUNED_VERSION, export
from tests.ml.pictures import COLLINS, HOPPER


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    models = tmp_path_factory.mktemp("untuned")
    export(models, UNTUNED, UNTUNED_VERSION)
    return models


def test_the_untuned_net_is_exported_in_floating_point_and_measured(folder):
    model = ModelSpec("untuned", folder).load()
    one, other = (model.embed(portrait(name)) for name in (COLLINS, HOPPER))
    assert one is not None
    assert other is not None
    assert np.linalg.norm(one) != pytest.approx(1, abs=1e-3)  # raw
    scores = model.scores(np.stack([one, other]), model.template(one[None])[None])
    assert scores[0, 0] == pytest.approx(0, abs=1e-2)
    assert scores[1, 0] < model.threshold
    assert model.version == UNTUNED_VERSION


def test_the_int8_net_that_ships_is_not_taken_for_it():
    with pytest.raises(
        EvaluationError, match=r"not hold the untuned net: run python -m ml\.export --untuned"
    ):
        ModelSpec("untuned").load()


def test_its_file_is_the_one_that_all_figures_were_made_with(folder):
    assert UNTUNED_SHA256 in (folder / "manifest.json").read_text()
