import json
import shutil

import pytest

from ml.face.manifest import MODELS, ROLES, Manifest, ModelsUnusable
from ml.face.pipeline import FaceEngine


@pytest.fixture
def models(tmp_path):
    return shutil.copytree(MODELS, tmp_path / "models")


@pytest.mark.parametrize("role", ROLES)
def test_a_changed_model_file_is_refused_by_name(models, role):
    path = models / f"{role}.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelsUnusable, match=rf"{role}\.onnx was changed"):
        FaceEngine.load(models)


def test_a_missing_model_file_is_refused_by_name(models):
    (models / "embedder.onnx").unlink()
    with pytest.raises(ModelsUnusable, match=r"embedder\.onnx cannot be read"):
        FaceEngine.load(models)


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"models": {}}'])
def test_a_broken_manifest_is_refused(models, content):
    (models / "manifest.json").write_text(content)
    with pytest.raises(ModelsUnusable, match=r"manifest\.json"):
        FaceEngine.load(models)


def test_every_model_names_its_source_and_its_licence_text_lies_beside_it():
    manifest = json.loads((MODELS / "manifest.json").read_text())
    for role in ROLES:
        entry = manifest["models"][role]
        assert {"package", "version", "file", "sha256"} <= entry["source"].keys()
        assert len((MODELS / entry["licence_file"]).read_text()) > 500


def test_the_threshold_says_that_it_is_provisional_and_on_what_it_rests():
    threshold = Manifest.read(MODELS).threshold
    assert threshold.status == "provisional"
    assert threshold.fmr == 1e-4
    assert threshold.impostor >= 10 / threshold.fmr
    assert threshold.people >= 80
