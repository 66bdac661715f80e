from pathlib import Path

import numpy as np
import pytest

from ml.face.embed import unit
from ml.face.manifest import MODELS, Manifest
from ml.face.session import Net
from tests.ml.pictures import PORTRAITS

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "dlib.npz")


@pytest.mark.parametrize("name", PORTRAITS)
def test_eight_bits_turn_dlibs_embedding_by_less_than_two_degrees(name):
    net = Net(Manifest.read(MODELS).model_bytes("embedder"))
    crop = GOLDEN[f"{name}.crop"].transpose(2, 0, 1)[None].astype(np.float32)
    (embeddings,) = net(crop)
    assert unit(embeddings[0]) @ unit(GOLDEN[f"{name}.embedding"]) >= 0.9994


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
