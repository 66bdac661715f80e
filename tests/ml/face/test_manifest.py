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
    (path,) = models.glob(f"{role}.*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelsUnusable, match=rf"{role}\.(onnx|npy) was changed"):
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


def test_every_net_names_its_source_and_its_licence_text_lies_beside_it():
    manifest = json.loads((MODELS / "manifest.json").read_text())
    for role in set(ROLES) - {"cohort"}:
        entry = manifest["models"][role]
        assert {"package", "version", "file", "sha256"} <= entry["source"].keys()
        assert len((MODELS / entry["licence_file"]).read_text()) > 500


def test_the_cohort_says_whose_means_it_holds():
    entry = json.loads((MODELS / "manifest.json").read_text())["models"]["cohort"]
    assert {"sets", "pictures", "averaged"} <= entry["source"].keys()
    assert entry["source"]["averaged"] >= 2  # no row is one person's template


def test_a_lower_false_match_rate_has_a_higher_threshold_and_refuses_more_shoppers():
    table = Manifest.read(MODELS).thresholds
    assert [threshold.fmr for threshold in table] == [1e-3, 1e-4, 1e-5]
    assert [t.score for t in table] == sorted(t.score for t in table)
    assert [t.fnmr for t in table] == sorted(t.fnmr for t in table)


def test_every_threshold_says_on_what_it_rests():
    for threshold in Manifest.read(MODELS).thresholds:
        assert threshold.status == "measured"
        assert threshold.impostor >= 10 / threshold.fmr
        assert threshold.people >= 80


def test_a_rate_that_was_not_measured_is_refused_and_those_that_were_are_named():
    with pytest.raises(ModelsUnusable, match=r"0\.5, only 0\.001, 0\.0001, 1e-05"):
        FaceEngine.load(fmr=0.5)
