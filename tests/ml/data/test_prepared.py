import json
import shutil

import numpy as np
import pytest

from ml.data.files import DataUnusable
from ml.data.prepare import Preparation, prepare
from ml.data.prepared import Prepared
from tests.ml.data.folders import two_people


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    prepare(Preparation((str(two_people(folder / "few")),), folder / "out", pack_rows=3))
    return folder / "out"


@pytest.fixture
def out(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "out")


def test_pictures_are_chosen_by_split_and_set(out):
    data = Prepared.open(out)
    chosen = data.where("train", sets=["few"])
    assert len(chosen) + len(data.where("validation")) == len(data) == 8
    assert not len(data.where(sets=["lfw"]))
    assert np.array_equal(data.crops(data.where())[5], data.crop(5))


def edited(path, change) -> None:
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda out: (out / "report.json").unlink(), r"report\.json is absent"),
        (lambda out: (out / "report.json").write_text("{}"), r"report\.json is not a report"),
        (lambda out: (out / "crops-001.npy").unlink(), r"crops-001\.npy cannot be read"),
        (lambda out: (out / "crops-001.npy").write_bytes(b"x"), r"crops-001\.npy is damaged"),
        (
            lambda out: shutil.copy(out / "crops-002.npy", out / "crops-000.npy"),
            r"crops-000\.npy does not fit",
        ),
        (lambda out: np.save(out / "points.npy", np.zeros((1, 2))), r"points\.npy holds float64"),
        (lambda out: edited(out / "index.csv", lambda t: t.replace("picture,", "file,", 1)), r"its columns"),
        (lambda out: edited(out / "index.csv", lambda t: t.replace(",0,0,", ",zero,0,", 1)), "column row"),
        (lambda out: edited(out / "index.csv", lambda t: t + "half\n"), "line 10: 1 fields"),
        (lambda out: edited(out / "index.csv", lambda t: t.replace(",train,", ",test,", 1)), "in two splits"),
        (
            lambda out: edited(out / "index.csv", lambda t: t.replace(",train,", ",test,")),
            "prepare the folder again",
        ),
    ],
)
def test_a_spoilt_folder_names_the_file(out, spoil, message):
    spoil(out)
    with pytest.raises(DataUnusable, match=message):
        Prepared.open(out)


def test_a_changed_split_is_noticed_even_if_nobody_is_in_two(out):
    report = json.loads((out / "report.json").read_text())
    (out / "report.json").write_text(json.dumps({**report, "split_sha256": "0" * 64}))
    with pytest.raises(DataUnusable, match="not those of report"):
        Prepared.open(out)
