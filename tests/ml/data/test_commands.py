import json
import subprocess
import sys

import pytest

from ml.data.__main__ import main
from ml.data.prepared import Prepared
from tests.ml.data.folders import environment, files_of, put, shots, two_people
from tests.ml.pictures import COLLINS


def test_prepare_prints_its_report_and_fills_the_folder(tmp_path, capsys):
    out = tmp_path / "data" / "few"
    main(["prepare", str(two_people(tmp_path / "few")), "--out", str(out), "--workers", "1", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["pictures"] == len(Prepared.open(out)) == 8
    main(["prepare", str(tmp_path / "few"), "--out", str(out), "--workers", "1"])
    assert "few: 8 of 8 pictures, 2 of 2 people" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{tmp}/nowhere"], "{tmp}/nowhere: no such folder or tar file."),
        (["{tmp}/empty"], "{tmp}/empty holds no pictures (.jpg, .jpeg, .png, .webp)."),
        (
            ["{tmp}/few", "--leave-out-names", "{tmp}/no.txt"],
            "{tmp}/no.txt cannot be read: No such file or directory.",
        ),
        (["{tmp}/few", "--look-alikes-of", "{tmp}/nobody"], "{tmp}/nobody: no such folder or tar file."),
        (
            ["{tmp}/few", "--out", "{tmp}/few/ann/1.jpg/out"],
            "{tmp}/few/ann/1.jpg/out cannot be made: Not a directory.",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence_that_names_the_file(tmp_path, capsys, arguments, message):
    put(tmp_path / "few", ann__1=shots(COLLINS)[0])
    (tmp_path / "empty").mkdir()
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    with pytest.raises(SystemExit) as ended:
        main(["prepare", "--out", str(tmp_path / "out"), "--workers", "1", *given])
    assert ended.value.code == 2
    assert capsys.readouterr().err == message.format(tmp=tmp_path) + "\n"


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from ml.data.__main__ import main
main(["prepare", sys.argv[1], "--out", sys.argv[2], "--workers", "1"])
"""


def test_a_disk_that_takes_no_more_is_named_and_nothing_is_left_half_written(tmp_path):
    folder, out = two_people(tmp_path / "few"), tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder), str(out)],
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, f"{out}/crops-000.npy cannot be written: File too large.\n")
    assert files_of(out) == {}


def test_masks_draws_one_on_every_face_of_a_folder_and_reports_it(tmp_path, capsys):
    people = put(tmp_path / "people", Eileen_Collins__1=shots(COLLINS)[0])
    main(["masks", str(people), "--out", str(tmp_path / "masked")])
    drawn = files_of(tmp_path / "masked")
    assert any(name.startswith("Eileen_Collins/1") for name in drawn)
    assert shots(COLLINS)[0] not in drawn.values()
