import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from backend.operations.portraits import variants
from ml.data.files import DataUnusable
from ml.evaluate.probability import half_of
from ml.face.manifest import MODELS, Manifest
from ml.face.normalise import Cohort
from ml.face.pipeline import FaceEngine
from ml.train.__main__ import main
from ml.train.cohort import CohortRun, looks_like, strangers
from tests.ml.pictures import COLLINS, HOPPER


def directions(rng: np.random.Generator, n: int, spread: float = 1.0) -> np.ndarray:
    vectors = 1 + rng.normal(0, spread, (n, 128))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def faces():
    return directions(np.random.default_rng(4), 400)


def test_no_row_is_the_template_of_anybody(faces):
    rows = strangers(faces, CohortRun(rows=200, nearest=20))
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)
    assert (rows @ faces.T).max() < 0.98
    same = strangers(faces, CohortRun(rows=200, nearest=20))
    assert (rows == same).all()


def test_fewer_pictures_than_rows_are_refused(faces):
    with pytest.raises(DataUnusable, match="401 rows need as many pictures, there are 400"):
        strangers(faces, CohortRun(rows=401))


def test_who_looks_like_a_test_person_is_found(faces):
    cohort = Cohort(faces[:300], nearest=40)
    people = directions(np.random.default_rng(9), 20)
    twin = people[3] + directions(np.random.default_rng(10), 1)[0] * 0.1
    probes = np.concatenate([faces[300:], (twin / np.linalg.norm(twin))[None]]).astype(np.float32)
    assert np.flatnonzero(looks_like(probes, people, cohort)).tolist() == [100]


def pictures(folder: Path) -> Path:
    folder.mkdir()
    for number, picture in enumerate(variants(COLLINS) + variants(HOPPER)):
        (folder / f"{number}.jpg").write_bytes(picture)
    return folder


def test_the_command_writes_a_cohort_that_the_engine_loads(tmp_path: Path, capsys):
    models = shutil.copytree(MODELS, tmp_path / "models")
    folder = pictures(tmp_path / "strangers")
    names = tmp_path / "names.txt"
    given = ["--images", str(folder), "--models", str(models), "--names", str(names), "--licence", "ours"]
    assert main(["cohort", *given, "--rows", "4", "--nearest", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 4
    assert {half_of(name) for name in names.read_text().split()} == {0}
    assert Manifest.read(models).nearest == 3
    engine = FaceEngine.load(models)
    probe = engine.read(variants(COLLINS)[0])
    assert np.isfinite(engine.compare(probe, [probe.embedding]).probability)


def test_too_few_pictures_are_one_sentence_and_leave_the_models_as_they_were(tmp_path: Path, capsys):
    models = shutil.copytree(MODELS, tmp_path / "models")
    before = (models / "manifest.json").read_bytes()
    folder = pictures(tmp_path / "strangers")
    assert main(["cohort", "--images", str(folder), "--models", str(models), "--licence", "ours"]) == 2
    assert "rows need as many pictures" in capsys.readouterr().err
    assert (models / "manifest.json").read_bytes() == before
