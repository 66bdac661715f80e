import json
from pathlib import Path

import numpy as np
import pytest

from ml.face.detect import Detector, suppress, suppress_contained
from ml.face.manifest import MODELS, Manifest
from ml.face.session import Net
from tests.ml.pictures import COLLINS, HOPPER, PORTRAITS, image, on_canvas, pixels, side_by_side, wall

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "mtcnn.json").read_text())


def detector(minsize_px: int) -> Detector:
    manifest = Manifest.read(MODELS)
    nets = (Net(manifest.model_bytes(f"mtcnn-{name}net")) for name in "pro")
    return Detector(*nets, minsize_px=minsize_px)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(a[2:4], b[2:4]) - np.maximum(a[:2], b[:2])
    shared = np.prod(np.maximum(sides, 0))
    return float(shared / (np.prod(a[2:4] - a[:2]) + np.prod(b[2:4] - b[:2]) - shared))


@pytest.mark.parametrize("name", PORTRAITS)
def test_faces_are_where_the_original_detector_finds_them(name):
    (face,) = detector(20).faces(pixels(name))
    (box,), (landmarks,) = (np.array(GOLDEN[name][key]) for key in ("boxes", "landmarks"))
    assert overlap(face.box, box) >= 0.95
    assert np.abs(face.landmarks - landmarks).max() <= 1


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_serving_size_limit_moves_a_face_only_a_little(engine, name):
    (face,) = engine.detector.faces(pixels(name))
    assert np.abs(face.landmarks - np.array(GOLDEN[name]["landmarks"][0])).max() < 6


def test_the_larger_of_two_faces_comes_first(engine):
    both = side_by_side(image(COLLINS), image(HOPPER))
    first, second = engine.detector.faces(np.asarray(both))
    assert first.side_px > second.side_px
    assert first.box[0] > 512


@pytest.mark.parametrize(
    "picture",
    [np.asarray(wall()), np.zeros((480, 640, 3), np.uint8), np.full((11, 300, 3), 90, np.uint8)],
    ids=["wall", "black", "strip"],
)
def test_nothing_is_found_where_no_face_is(engine, picture):
    assert engine.detector.faces(picture) == []


def test_noise_yields_no_face_and_no_flood_of_candidates(engine):
    noise = np.random.default_rng(7).integers(0, 256, (640, 853, 3), dtype=np.uint8)
    assert engine.detector.faces(noise) == []


def test_a_face_below_the_size_limit_is_not_found(engine):
    assert engine.detector.faces(np.asarray(on_canvas(image(COLLINS), 0.2))) == []


def test_suppression_keeps_the_best_of_a_heap_and_what_stands_apart():
    boxes = np.array([(0, 0, 10, 10), (1, 1, 11, 11), (30, 30, 40, 40)], np.float32)
    assert suppress(boxes, np.array([0.8, 0.9, 0.7], np.float32), 0.5).tolist() == [1, 2]


def test_a_box_inside_another_is_dropped_only_by_the_smaller_area():
    boxes = np.array([(0, 0, 100, 100), (40, 40, 60, 60)], np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    assert suppress(boxes, scores, 0.7).tolist() == [0, 1]
    assert suppress_contained(boxes, scores, 0.7).tolist() == [0]
