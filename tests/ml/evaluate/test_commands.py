import json
from pathlib import Path

import pytest

from backend.operations.portraits import variants
from ml.evaluate.__main__ import main
from tests.ml.pictures import COLLINS, HOPPER

KEYS = {
    "protocol",
    "model",
    "n_people",
    "n_genuine",
    "n_impostor",
    "accuracy",
    "accuracy_std",
    "fnmr_at_fmr",
    "undetected",
    "milliseconds",
}


@pytest.fixture(scope="module")
def portraits(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    for name in (COLLINS, HOPPER):
        (folder / name).mkdir()
        for number, picture in enumerate(variants(name)[:3], start=1):
            (folder / name / f"{name}_{number:04d}.jpg").write_bytes(picture)
    return folder


def test_speed_prints_one_object_with_its_figures(capsys):
    assert main(["speed", "--runs", "2", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["picture"] == "640x480 JPEG"
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert set(figures["stages_p50_ms"]) >= {"decode", "detect", "align", "embed"}


def test_endurance_counts_memory_and_finds_that_threads_agree(capsys):
    assert main(["endurance", "--verifies", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= KEYS
    by_goal = {other["figure"]: other for other in found["others"]}
    assert by_goal["F16"]["reached"] is True
    assert 100 < by_goal["F14"]["rss_mb"] < 2_000
    assert 5 < by_goal["F15"]["weights_mb"] < 40
    assert by_goal["F20"]["ms_10k"] < by_goal["F20"]["ms_200k"]
    assert by_goal["F19"]["reached"] <= 1e-4


def test_an_unknown_command_explains_itself(capsys):
    with pytest.raises(SystemExit):
        main(["beauty"])
    assert "calibration" in capsys.readouterr().err


def test_all_pairs_writes_figures_and_a_page_that_needs_no_other_file(portraits, tmp_path, capsys):
    out, page = tmp_path / "out.json", tmp_path / "page.html"
    command = [
        "all-pairs",
        "--images",
        str(portraits),
        "--model",
        "default",
        "--json",
        str(out),
        "--page",
        str(page),
    ]
    assert main(command) == 0
    figures = json.loads(out.read_text())
    assert set(figures) >= KEYS
    assert (figures["protocol"], figures["model"], figures["n_genuine"]) == ("all-pairs", "default", 6)
    assert figures["command"] == f"python -m ml.evaluate all-pairs --images {portraits.name} --model default"
    text = page.read_text()
    assert "<svg" in text
    assert not any(word in text for word in ("src=", "href=", "<script"))
    assert capsys.readouterr().out == ""


def test_verification_prints_its_figures(portraits, tmp_path, capsys):
    pairs = tmp_path / "pairs.txt"
    lines = [
        f"{COLLINS}\t1\t2",
        f"{COLLINS}\t1\t{HOPPER}\t1",
        f"{HOPPER}\t1\t2",
        f"{HOPPER}\t2\t{COLLINS}\t2",
    ]
    pairs.write_text("\n".join(["2\t1", *lines]) + "\n")
    assert main(["verification", "--images", str(portraits), "--pairs", str(pairs), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) >= KEYS
    assert (figures["accuracy"], figures["undetected"], figures["n_pictures"]) == (1, 0, 4)


def test_identification_tells_people_by_their_folders(portraits, capsys):
    both = ["--gallery", str(portraits), "--probes", str(portraits)]
    assert main(["identification", *both, "--json", "-"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) >= KEYS
    assert (figures["gallery"], figures["rank_1"], figures["strangers"]) == (2, 1, 0)


def test_groups_read_labels_and_print_every_group(portraits, tmp_path, capsys):
    names = sorted(str(path.relative_to(portraits)) for path in portraits.rglob("*.jpg"))
    rows = [f"{name},30,{'NS'[number % 2]}" for number, name in enumerate(names)]
    (tmp_path / "labels.csv").write_text("\n".join(["picture,age,group", *rows]) + "\n")
    command = [
        "groups",
        "--images",
        str(portraits),
        "--labels",
        str(tmp_path / "labels.csv"),
    ]
    assert main([*command, "--page", str(tmp_path / "page.html")]) == 0
    assert "worst_adult_multiple" in capsys.readouterr().out
    assert "<td>N</td><td>adults</td><td>3</td>" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["all-pairs", "--images", "nowhere"], "nowhere is not a folder"),
        (["verification", "--images", "x", "--pairs", "no.txt"], "no.txt cannot be read"),
        (
            ["all-pairs", "--images", "x", "--model", "untuned", "--models", "y"],
            "y/manifest.json cannot be read",
        ),
        (["all-pairs", "--images", "x", "--model", "untuned"], "python -m ml.export --untuned --out DIR"),
        (["all-pairs", "--images", "x", "--model", "paper"], "does not ship"),
        (["identification", "--gallery", "x"], "--gallery and --probes"),
        (["groups", "--images", "x", "--labels", "utkface"], "x is not a folder"),
    ],
)
def test_what_cannot_be_worked_with_is_one_sentence_and_status_two(
    command, said, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
