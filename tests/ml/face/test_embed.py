from pathlib import Path

import numpy as np
import pytest

from ml.face.embed import unit
from ml.face.manifest import MODELS, Manifest
from ml.face.session import Net
from tests.ml.pictures import PORTRAITS

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "dlib.npz")


@pytest.mark.parametrize("name", PORTRAITS)
def test_half_precision_weights_stay_within_a_thousandth_of_dlib(name):
    net = Net(Manifest.read(MODELS).model_bytes("embedder"))
    crop = GOLDEN[f"{name}.crop"].transpose(2, 0, 1)[None].astype(np.float32)
    (embeddings,) = net(crop)
    assert np.linalg.norm(embeddings[0] - GOLDEN[f"{name}.embedding"]) <= 1e-3


def test_a_template_has_length_one_and_does_not_tell_left_from_right(engine):
    crop = GOLDEN[f"{PORTRAITS[0]}.crop"]
    template = engine.embedder.embed(crop)
    assert (template.shape, template.dtype) == ((128,), np.float32)
    assert abs(np.linalg.norm(template) - 1) < 1e-6
    assert np.allclose(template, engine.embedder.embed(crop[:, ::-1]), atol=1e-6)


@pytest.mark.parametrize("vector", [np.zeros(128), np.full(128, np.nan), np.full(128, np.inf)])
def test_a_vector_without_direction_is_no_template(vector):
    with pytest.raises(ValueError, match="not a template"):
        unit(vector)
