"""Which face models a shop starts with."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from backend.errors import SettingsRefused
from backend.operations.faces import present_model
from backend.settings import Settings
from backend.wiring import face_engine
from ml.face.manifest import MODELS


@pytest.fixture
def own_models(tmp_path: Path) -> Path:
    folder = shutil.copytree(MODELS, tmp_path / "models")
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**content, "model_version": "a-chain-of-its-own-1"}))
    return folder


def test_a_deployer_names_a_folder_of_models_of_their_own(own_models: Path) -> None:
    settings = Settings(face_models=own_models)
    assert face_engine(settings).model == present_model(settings) == "a-chain-of-its-own-1"
    assert face_engine(Settings()).model == present_model(Settings()) != "a-chain-of-its-own-1"


def test_a_folder_without_models_stops_the_start_and_is_named(tmp_path: Path, own_models: Path) -> None:
    for load in (face_engine, present_model):
        with pytest.raises(SettingsRefused, match=r"SMARTPAY_FACE_MODELS: .*manifest\.json cannot be read"):
            load(Settings(face_models=tmp_path))
    (own_models / "embedder.onnx").write_bytes(b"another net")
    with pytest.raises(SettingsRefused, match=r"SMARTPAY_FACE_MODELS: .*embedder\.onnx was changed"):
        face_engine(Settings(face_models=own_models))


def test_a_rate_that_was_never_measured_for_these_models_stops_the_start(own_models: Path) -> None:
    content = json.loads((own_models / "manifest.json").read_text())
    content["thresholds"] = [t for t in content["thresholds"] if t["fmr"] != 1e-5]
    (own_models / "manifest.json").write_text(json.dumps(content))
    settings = Settings(face_models=own_models)
    assert face_engine(settings)
    with pytest.raises(SettingsRefused, match=r"no threshold for a false match rate of 1e-05"):
        face_engine(replace(settings, face_fmr=1e-5))
