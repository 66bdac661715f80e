import json
from pathlib import Path

import pytest

from ml.evaluate.__main__ import main
from ml.evaluate.errors import EvaluationError
from ml.evaluate.figures import collect, table
from ml.evaluate.goals import GOALS


def put(folder: Path, **content: object) -> None:
    number = len(list(folder.iterdir()))
    (folder / f"{number}.json").write_text(json.dumps({"model": "default", "n_impostor": 10, **content}))


def all_pairs(enrol: int, fnmr: float, **more: object) -> dict[str, object]:
    point = {"fnmr": fnmr, "low": fnmr / 2, "high": fnmr * 2, "threshold": 0.5}
    rates = dict.fromkeys(("1e-3", "1e-4", "1e-5"), point)
    return {
        "protocol": "all-pairs",
        "enrol": enrol,
        "version": "v",
        "fnmr_at_fmr": rates,
        "shipped": point,
        **more,
    }


def test_every_goal_has_a_row_and_what_is_missing_says_so(tmp_path):
    figures = collect(tmp_path)
    assert list(figures) == [f"F{number}" for number in range(1, 23)] == [goal.name for goal in GOALS]
    assert {row["holds"] for row in figures.values()} == {None}
    assert table(figures).count("not measured") == sum(len(goal.parts) for goal in GOALS)


def test_a_figure_carries_its_interval_its_n_and_its_command(tmp_path):
    put(
        tmp_path, protocol="verification", folds=10, accuracy=0.9928, accuracy_low=0.9903, accuracy_high=0.9947,
        n_genuine=3000, n_impostor=3000, command="python -m ml.evaluate verification",
    )  # fmt: skip
    row = collect(tmp_path)["F2"]
    assert (row["must"], row["aim"], row["reached"], row["low"], row["high"]) == (
        99.35,
        99.6,
        99.28,
        99.03,
        99.47,
    )
    assert (row["holds"], row["aim_reached"]) == (False, False)
    assert row["n"] == {"genuine": 3000, "impostor": 3000}
    assert row["command"] == "python -m ml.evaluate verification"


def test_a_goal_of_several_numbers_holds_only_with_all_of_them(tmp_path):
    put(tmp_path, **all_pairs(1, 0.05))
    found = collect(tmp_path)
    assert found["F3"]["reached"] == [5, 5]
    assert found["F3"]["holds"] is False  # 5 is above 2.8, though below 8
    assert found["F5"]["holds"] is True
    assert found["F22"]["holds"] is None  # five pictures are missing
    put(tmp_path, **all_pairs(5, 0.01))
    assert collect(tmp_path)["F22"]["reached"] == [5, 1]
    assert collect(tmp_path)["F22"]["holds"] is True


def test_the_whole_set_counts_not_a_part_or_another_model(tmp_path):
    put(tmp_path, **all_pairs(1, 0.01, n_impostor=5))
    put(tmp_path, **all_pairs(1, 0.02, n_impostor=500))
    put(tmp_path, **all_pairs(1, 0.03, n_impostor=900, model="untuned"))
    put(tmp_path, **all_pairs(1, 0.04, n_impostor=900, label="without near-duplicates"))
    assert collect(tmp_path)["F5"]["reached"] == 2


def test_masked_errors_are_held_against_the_untuned_nets(tmp_path):
    point = {"fnmr": 0.06, "low": 0.05, "high": 0.07, "threshold": 0.5}
    shared = {"protocol": "masked", "recipe": "other", "accuracy": 0.98}
    put(tmp_path, **shared, fnmr_at_fmr={"1e-3": point})
    put(tmp_path, **shared, fnmr_at_fmr={"1e-3": {**point, "fnmr": 0.24}}, model="untuned")
    row = collect(tmp_path)["F6"]
    assert row["reached"] == [98, 0.25, 6, None]
    assert row["holds"] is True


def test_a_figure_from_elsewhere_is_taken_by_its_name(tmp_path):
    put(
        tmp_path,
        figure="F13",
        enrol_p95_ms=300,
        verify_p95_ms=95,
        n="500 requests",
        command="smartpay bench faces",
    )
    row = collect(tmp_path)["F13"]
    assert (row["reached"], row["holds"], row["n"]) == ([300, 95], False, "500 requests")


def test_the_command_writes_json_and_table(tmp_path):
    (tmp_path / "from").mkdir()
    put(tmp_path / "from", figure="F16", reached=1, n="8 threads", command="pytest")
    assert main(["figures", "--from", str(tmp_path / "from"), "--out", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out" / "figures.json").read_text())["F16"]["holds"] is True
    assert "| F16 |" in (tmp_path / "out" / "figures.md").read_text()


def test_curves_of_the_default_model_are_drawn_beside_the_table(tmp_path):
    source, out = tmp_path / "from", tmp_path / "out"
    source.mkdir()
    put(source, **all_pairs(1, 0.02, det=[[1e-3, 0.2], [1e-2, 0.1]]))
    put(source, **{**all_pairs(1, 0.02, det=[[1e-3, 0.2], [1e-2, 0.1]]), "model": "peer"})
    put(source, protocol="calibration", reliability={"held out": [[0.1, 0.2, 0.5], [0.9, 0.8, 0.5]]})
    assert main(["figures", "--from", str(source), "--out", str(out)]) == 0
    assert {file.name for file in (out / "pictures").iterdir()} == {"det.svg", "roc.svg", "reliability.svg"}
    assert (out / "pictures" / "det.svg").read_text().count("<polyline") == 1
    assert "](pictures/reliability.svg)" in (out / "figures.md").read_text()


def test_a_file_that_is_no_json_is_named(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(EvaluationError, match=r"broken\.json is not JSON"):
        collect(tmp_path)
