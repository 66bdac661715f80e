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
from backend.wiring import face_engine, gateway_for
from ml.face.manifest import MODELS
from tests.loopback_stripe import SECRET_KEY, WEBHOOK_SECRET


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


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    (tmp_path / "keys").mkdir()
    return Settings(data=tmp_path)


def put_key(settings: Settings, name: str, text: str) -> None:
    path = settings.key_path(name)
    path.write_text(text + "\n")
    path.chmod(0o600)


def test_cards_are_taken_once_both_keys_of_stripe_are_there(shop: Settings) -> None:
    assert gateway_for(shop) is None
    put_key(shop, "stripe.key", SECRET_KEY)
    put_key(shop, "stripe-webhook.key", WEBHOOK_SECRET)
    gateway = gateway_for(shop)
    assert gateway is not None
    assert gateway.name == "stripe"


@pytest.mark.parametrize(
    ("name", "text", "missing"),
    [
        ("stripe.key", SECRET_KEY, "stripe-webhook.key"),
        ("stripe-webhook.key", WEBHOOK_SECRET, "stripe.key"),
    ],
)
def test_one_key_of_stripe_without_the_other_stops_the_start_and_names_it(
    shop: Settings, name: str, text: str, missing: str
) -> None:
    put_key(shop, name, text)
    with pytest.raises(SettingsRefused, match=rf"/{missing}: missing"):
        gateway_for(shop)


def test_keys_of_stripe_in_each_others_place_stop_the_start(shop: Settings) -> None:
    put_key(shop, "stripe.key", WEBHOOK_SECRET)
    put_key(shop, "stripe-webhook.key", SECRET_KEY)
    with pytest.raises(SettingsRefused, match="does not begin with") as refused:
        gateway_for(shop)
    assert len(refused.value.problems) == 2
    assert SECRET_KEY not in str(refused.value)
