import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.face.blaze import letterboxed
from ml.face.manifest import MODELS, Manifest
from ml.face.quality import LIMITS, Purpose, the_face
from ml.face.reasons import PictureRefused, Reason
from ml.face.session import Net
from tests.ml.pictures import COLLINS, HOPPER, PORTRAITS, image, mesh_input, on_canvas, pixels, wall

GOLDEN = Path(__file__).parents[1] / "golden"
EYES_IN_THE_MESH = (33, 263)  # outer corners, image-left and image-right


@pytest.mark.parametrize("name", PORTRAITS)
def test_the_mesh_is_the_originals(name):
    points, probability = Net(Manifest.read(MODELS).model_bytes("facemesh"))(mesh_input(name))
    assert np.abs(points[0] - np.load(GOLDEN / "mesh.npz")[name]).max() <= 0.01
    assert probability[0] > 0.99


@pytest.mark.parametrize("name", PORTRAITS)
def test_a_portrait_is_seen_by_the_mesh_and_its_five_points_are_mtcnns(engine, name):
    (face,) = engine.detector.faces(pixels(name))
    golden = json.loads((GOLDEN / "mtcnn.json").read_text())[name]
    assert face.mesh.shape == (468, 2)
    assert face.score > 0.99
    assert np.abs(face.landmarks - np.array(golden["landmarks"][0])).max() < 6
    assert np.abs(face.box - np.array(golden["boxes"][0][:4])).max() < 0.2 * face.side_px


def test_a_turned_picture_turns_the_mesh(engine):
    turned = image(HOPPER).rotate(30, Image.Resampling.BICUBIC, fillcolor=(120, 120, 120))
    face = engine.detector.faces(np.asarray(turned))[0]
    left, right = face.mesh[list(EYES_IN_THE_MESH)]
    straight = engine.detector.faces(pixels(HOPPER))[0].mesh[list(EYES_IN_THE_MESH)]
    roll = [np.degrees(np.arctan2(*(b - a)[::-1])) for a, b in ((left, right), straight)]
    assert roll[0] - roll[1] == pytest.approx(-30, abs=3)


def test_a_face_too_small_for_the_first_look_is_found_by_mtcnn(engine):
    (face,) = engine.detector.faces(np.asarray(on_canvas(image(COLLINS), 0.4)))
    assert face.mesh is None
    assert 30 < face.side_px < 60
    assert face.landmarks.shape == (5, 2)


@pytest.mark.parametrize("picture", [wall(), wall(480, 640), wall(2000, 30)], ids=["wide", "high", "strip"])
def test_nothing_is_found_on_a_wall(engine, picture):
    assert engine.detector.faces(np.asarray(picture)) == []


HEADS = {COLLINS: (150, 10, 310, 210), HOPPER: (140, 70, 390, 380)}  # of the portraits, faces 110 and 200 px


def with_another(main_px: float, other_px: float) -> np.ndarray:
    """640 x 480: one face of about main_px, another of other_px in the opposite corner."""
    canvas = Image.new("RGB", (640, 480), (150, 150, 150))
    main = resized(image(COLLINS).crop(HEADS[COLLINS]), main_px / 110)
    other = resized(image(HOPPER).crop(HEADS[HOPPER]), other_px / 200)
    canvas.paste(main, (10, 20))
    canvas.paste(other, (630 - other.width, 470 - other.height))
    return np.asarray(canvas)


def resized(picture: Image.Image, scale: float) -> Image.Image:
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.resize(size, Image.Resampling.LANCZOS)


@pytest.mark.parametrize("main_px", [90, 115, 150, 200])
@pytest.mark.parametrize("purpose", Purpose)
def test_another_person_is_seen_however_small_the_first_is(engine, main_px, purpose):
    share = LIMITS[purpose].other_face_side
    faces = engine.detector.faces(with_another(main_px, max(45, main_px * share * 1.35)), other_side=share)
    with pytest.raises(PictureRefused) as refused:
        the_face(faces, purpose)
    assert refused.value.reason == Reason.SEVERAL_FACES


def test_letterboxing_keeps_the_shape_and_says_where_things_went():
    canvas, scale, shift = letterboxed(np.full((48, 64, 3), 200, np.uint8))
    assert canvas.shape == (1, 3, 128, 128)
    assert (canvas[0, :, 16:112] == 200).all()
    assert not canvas[0, :, :16].any()
    assert (scale.tolist(), shift.tolist()) == ([2, 2], [0, 16])
