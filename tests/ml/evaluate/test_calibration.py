import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from backend.operations.portraits import variants
from ml.evaluate.calibration import (
    CalibrationRun,
    Read,
    as_threshold,
    calibrate,
    people_of,
    scores,
    write_thresholds,
)
from ml.face.manifest import MODELS, Manifest
from tests.ml.cohorts import random_cohort
from tests.ml.pictures import COLLINS, HOPPER, encoded, wall


@pytest.fixture
def two_people(tmp_path):
    for name in (COLLINS, HOPPER):
        (tmp_path / name).mkdir()
        for number, picture in enumerate(variants(name)):
            (tmp_path / name / f"{number}.jpg").write_bytes(picture)
    (tmp_path / HOPPER / "wall.jpg").write_bytes(encoded(wall()))
    return tmp_path


def person(*angles_deg: float) -> Read:
    radians = np.radians(angles_deg)
    templates = np.zeros((len(angles_deg), 128), np.float32)
    templates[:, 0], templates[:, 1] = np.cos(radians), np.sin(radians)
    return Read("someone", templates, len(angles_deg), {"no_face": 1})


def test_a_template_is_never_compared_with_a_picture_it_is_made_of():
    people, cohort = [person(0, 10, 20, 30), person(90, 90, 90, 90)], random_cohort(50, nearest=10)
    genuine, impostor, lost = scores(people, cohort, references=2)
    assert (len(genuine), len(impostor), lost) == (2 * 2 * 2, 2 * 2 * 4, 4)
    template, picture = person(5).embeddings, person(20).embeddings
    assert genuine[0] == pytest.approx(cohort.scores(template, picture)[0, 0], rel=1e-4)


def test_two_people_are_told_apart_and_refused_pictures_are_counted(engine, two_people):
    found = calibrate(engine, CalibrationRun(images=two_people, fmr=0.1))
    assert (found.people, found.pictures, found.refused) == (2, 17, {"no_face": 1})
    assert found.several.fnmr == 0
    assert found.fnmr_with_refused > 0


def test_people_on_the_list_do_not_take_part(engine, two_people):
    names = two_people.parent / "names.txt"
    names.write_text("Grace Hopper\n")
    with pytest.raises(ValueError, match="two folders"):
        people_of(engine, CalibrationRun(images=two_people, leave_out=names))


def test_a_threshold_takes_the_place_of_the_one_with_its_rate_and_leaves_the_others(
    engine, two_people, tmp_path
):
    run = CalibrationRun(images=two_people, fmr=0.1)
    measured = as_threshold(calibrate(engine, run), run, "two portraits")
    copy = shutil.copytree(MODELS, tmp_path / "models")
    write_thresholds(copy / "manifest.json", [measured])
    strict = replace(measured, fmr=1e-4)
    write_thresholds(copy / "manifest.json", [strict])
    shipped, written = Manifest.read(MODELS), Manifest.read(copy)
    assert (written.threshold(0.1), written.threshold(1e-4)) == (measured, strict)
    assert written.threshold(1e-5) == shipped.threshold(1e-5)
    before, after = (json.loads((f / "manifest.json").read_text()) for f in (MODELS, copy))
    assert before["models"] == after["models"]
