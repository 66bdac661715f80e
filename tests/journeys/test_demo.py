"""`smartpay demo`: a whole purchase over HTTP with real labels and real faces, as somebody new would try it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from backend import cli
from backend.operations.portraits import FILES, variants


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A folder of people: the one that SMARTPAY_FACES names, else the portraits' variants."""
    if named := os.environ.get("SMARTPAY_FACES"):
        return Path(named)
    for person in FILES:
        (tmp_path / person).mkdir()
        for number, picture in enumerate(variants(person)):
            (tmp_path / person / f"{number}.jpg").write_bytes(picture)
    return tmp_path


def test_the_demo_walks_every_step_and_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report.keys() == {"ok", "steps"}
    assert report["ok"] is True
    assert [step for step in report["steps"] if not step["ok"]] == []
    assert all(step.keys() == {"name", "status", "ok", "ms"} and step["status"] for step in report["steps"])
    names = [step["name"] for step in report["steps"]]
    assert (names[0], names[-1], len(names)) == ("start", "reconcile", 17)


def test_the_demo_walks_with_the_faces_of_a_folder(people: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--faces", str(people)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert str(people) in lines[0]
    assert [line for line in lines[1:] if not line.startswith("ok ")] == []


def test_a_folder_without_people_is_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", "--faces", str(tmp_path)]) == cli.REFUSED_SETTINGS
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("smartpay: --faces: ")
