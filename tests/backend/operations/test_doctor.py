"""The doctor: a sound shop is healthy, and each fault is named with what to do."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import fields, replace
from pathlib import Path

import pytest

from backend import cli
from backend.api.problems import PROBLEMS
from backend.db.transaction import Runner
from backend.operations import doctor
from backend.operations.init import init
from backend.settings import Settings
from ml.face.manifest import MODELS
from tests.backend.faces.people import an_enrolled_shopper

ROOT = Path(doctor.__file__).parents[2]


@pytest.fixture
def sound(settings: Settings) -> Settings:
    init(settings)
    return settings


def faults(settings: Settings, *, models: Path = MODELS) -> list[tuple[str, str]]:
    found = doctor.examine(replace(settings, face_models=models), host="127.0.0.1", port=0)
    return [(line.name, line.advice) for line in found if line.status == "fail"]


def test_a_sound_shop_is_healthy(sound: Settings) -> None:
    found = doctor.examine(sound, host="127.0.0.1", port=0)
    assert faults(sound) == []
    assert doctor.healthy(found)
    assert doctor.to_json(found)["ok"]


def test_faces_of_another_model_are_a_warning_that_names_the_command(
    sound: Settings, run: Runner, keys: Runner
) -> None:
    an_enrolled_shopper(run, keys)
    [line] = [
        line for line in doctor.examine(sound, host="127.0.0.1", port=0) if line.name == "enrolled faces"
    ]
    assert (line.status, line.advice) == ("warn", "Ask them to enrol again: smartpay faces re-embed")
    assert line.found.endswith(": 1")


def test_an_empty_folder_is_told_how_to_begin(tmp_path: Path) -> None:
    advice = {advice for _, advice in faults(Settings(data=tmp_path / "none"))}
    assert advice == {"Run: smartpay init", "Run: smartpay migrate"}
    assert list(tmp_path.iterdir()) == []


def test_each_fault_is_named_with_its_remedy(sound: Settings, tmp_path: Path) -> None:
    sound.data.chmod(0o755)
    sound.key_path("kek.key").chmod(0o644)
    sound.key_path("digest.key").unlink()
    away = replace(sound, database_url=f"postgresql://nobody@/nothing?host={tmp_path}")
    models = tmp_path / "models"
    shutil.copytree(MODELS, models)
    next(models.glob("*.onnx")).write_bytes(b"another")
    found = dict(faults(away, models=models))
    assert set(found) == {"data folder", "keys", "database", "face models"}
    assert found["data folder"] == f"Run: chmod 700 {sound.data}"
    keys = [advice for name, advice in faults(sound) if name == "keys"]
    assert keys == [f"Run: chmod 600 {sound.key_path('kek.key')}", "Run: smartpay init"]


def test_an_old_python_and_a_taken_port_are_named() -> None:
    assert doctor.python((3, 10, 4)).status == "fail"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert doctor.port_free("127.0.0.1", taken.getsockname()[1]).status == "warn"


def test_the_command_prints_lines_or_one_object(
    sqlite_url: str, data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init(Settings(data=data_folder))
    command = ["--data", str(data_folder), "doctor", "--port", "0"]
    assert cli.main(command) == 0
    assert capsys.readouterr().out.startswith("ok    python")
    assert cli.main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"]


@pytest.mark.parametrize("page", ["settings", "problems"])
def test_the_page_in_docs_is_the_one_that_the_code_makes(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", f"--{page}"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / f"{page}.md").read_text(), (
        f"run: smartpay doctor --{page} >docs/{page}.md"
    )


def test_the_pages_name_every_setting_and_every_code() -> None:
    assert [
        f.metadata["name"] for f in fields(Settings) if f.metadata["name"] not in doctor.settings_page()
    ] == []
    assert [code for code in PROBLEMS if f"| `{code}` |" not in doctor.problems_page()] == []
