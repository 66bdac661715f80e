"""`smartpay bench faces`: a server of its own, two shoppers, and the JSON that the table of goals reads."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from backend import cli
from backend.operations.bench_faces import FRAME_PX, as_frame
from backend.operations.portraits import FILES, portrait, variants
from ml.evaluate.figures import collect


def test_two_shoppers_are_timed_and_the_table_of_goals_reads_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/nothing?host={tmp_path}")  # never touched
    people, file = tmp_path / "few", tmp_path / "f13.json"
    shown = {name: variants(name) for name in FILES} | {"unseen": [b"no picture"]}
    for person, pictures in shown.items():
        (people / person).mkdir(parents=True)
        for number, picture in enumerate(pictures):
            (people / person / f"{number}.jpg").write_bytes(picture)
    asked = ["--faces", str(people), "--verifies", "1", "--json", str(file)]
    assert cli.main(["bench", "faces", *asked]) == 0
    printed = capsys.readouterr().out
    found = json.loads(file.read_text())
    assert printed.endswith(file.read_text())
    assert all(f"{name}\n" in printed for name in FILES)
    assert "unseen: fewer than 5 pictures were taken; left out\n" in printed
    assert found["n"] == "2 enrolments of 5 pictures, 2 checks"
    assert (found["left_out"], found["refused"]) == (1, 0)
    assert found["command"] == "smartpay bench faces --faces few --shoppers 40 --verifies 1"
    assert 0 < found["verify_p50_ms"] <= found["verify_p95_ms"]
    assert found["enrol_one_picture_p50_ms"] < found["enrol_p50_ms"] <= found["enrol_p95_ms"]
    goal = collect(tmp_path)["F13"]
    assert goal["reached"] == [found["enrol_p95_ms"], found["verify_p95_ms"]]
    assert goal["n"] == found["n"]


def test_a_picture_reaches_the_server_as_a_phone_s_frame() -> None:
    with Image.open(BytesIO(as_frame(portrait("grace_hopper")))) as frame:
        assert (frame.format, frame.size) == ("JPEG", FRAME_PX)
    assert as_frame(b"no picture") == b"no picture"
