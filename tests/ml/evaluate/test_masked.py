from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.evaluate.all_pairs import against_templates
from ml.evaluate.bootstrap import Genuine
from ml.evaluate.embeddings import Embedded
from ml.evaluate.errors import EvaluationError
from ml.evaluate.masked import Subset, WithMask, against_plain, balanced_accuracy, choose
from ml.face.image import decode
from tests.ml.evaluate.made_up import Directions, crowd, embedded, people
from tests.ml.pictures import COLLINS, encoded, image


def test_probes_are_what_is_left_after_five_and_one_picture_of_some_strangers():
    subset = choose(people([7, 1, 6, 3, 2]), strangers=2)
    assert (len(subset.people.names), subset.enrolled) == (4, 2)
    names = [path.name for path in subset.masked]
    assert names[:2] == ["person0_0005.jpg", "person0_0006.jpg"]
    assert "person2_0005.jpg" in names
    assert len(names) == 2 + 1 + 2
    assert len(subset.people.pictures) == 7 + 6 + 2


def masked_crowd(worse: float) -> tuple[Subset, Embedded, Embedded]:
    """40 people with seven pictures; the masked ones are moved towards one common direction."""
    crowded, vectors = crowd(40, 7, spread=0.1)
    subset = choose(crowded, strangers=0)
    place = {picture: i for i, picture in enumerate(crowded.pictures)}
    moved = vectors.vectors[[place[picture] for picture in subset.masked]].copy()
    moved[:, 0] += worse
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    return subset, vectors, Embedded(moved, np.ones(len(moved), bool), None)


def test_masks_that_hide_nothing_change_nothing():
    found = against_plain(Directions(), *masked_crowd(0), "other")
    assert found.accuracy > 0.95
    assert (found.n_genuine, found.n_impostor, found.extra["enrolled"]) == (80, 40 * 39, 40)
    same = found.extra["masked_fmr_at_plain_threshold"]["1e-2"]
    assert same["multiple"] == pytest.approx(1, rel=0.1)
    assert found.fnmr_at_fmr["1e-2"].fnmr == found.extra["plain"]["1e-2"]["fnmr"]


def test_masks_that_make_people_alike_cost_errors():
    plain, hidden = (against_plain(Directions(), *masked_crowd(worse), "other") for worse in (0, 3))
    assert hidden.fnmr_at_fmr["1e-2"].fnmr > plain.fnmr_at_fmr["1e-2"].fnmr


def test_a_masked_face_that_is_not_found_is_lost_and_a_mask_not_drawn_is_no_probe():
    subset, vectors, drawn = masked_crowd(0)
    gone, unmade = drawn.vectors.copy(), np.zeros(len(drawn.found), bool)
    gone[:4] = np.nan
    unmade[:2] = True
    found = against_plain(
        Directions(),
        subset,
        vectors,
        replace(drawn, vectors=gone, found=~np.isnan(gone[:, 0]), unmade=unmade),
        "other",
    )
    assert (found.n_genuine, found.undetected, found.extra["without_mask"]) == (78, 2, 2)


def test_no_mask_at_all_is_refused():
    subset, vectors, drawn = masked_crowd(0)
    nothing = np.full_like(drawn.vectors, np.nan)
    none = replace(
        drawn, vectors=nothing, found=np.zeros(len(nothing), bool), unmade=np.ones(len(nothing), bool)
    )
    with pytest.raises(EvaluationError, match="no mask could be drawn"):
        against_plain(Directions(), subset, vectors, none, "other")


def test_genuine_and_impostors_weigh_the_same_in_each_fold():
    probes, templates = embedded([0, 90, 180, 270, 45]).vectors, embedded([0, 90, 180, 270, 45]).vectors
    impostors = against_templates(Directions(), probes, np.arange(5), templates, np.arange(5), np.arange(5))
    genuine = Genuine(np.arange(5), [np.array([1.0], np.float32)] * 4 + [np.array([-1.0], np.float32)])
    assert sorted(balanced_accuracy(genuine, impostors)) == [0.5, 1, 1, 1, 1]


def test_pictures_are_named_once(tmp_path: Path):
    subset = choose(people([6, 6]), strangers=5)
    assert len(set(subset.masked)) == len(subset.masked) == 2


def test_a_mask_is_drawn_on_a_real_face_and_leaves_the_rest_of_the_picture(tmp_path: Path):
    path = tmp_path / COLLINS / "one.png"
    path.parent.mkdir()
    path.write_bytes(encoded(image(COLLINS), "PNG"))
    drawn = WithMask("other")(path)
    assert drawn is not None
    before, after = decode(path.read_bytes()).astype(int), decode(drawn).astype(int)
    changed = np.abs(before - after).max(axis=2) > 60
    assert 0.01 < changed.mean() < 0.2
    assert not changed[: len(changed) // 5].any()
