from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ml.face.align import TEMPLATE_PX, align, place, similarity
from tests.ml.pictures import HOPPER, PORTRAITS, image, pixels

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "dlib.npz")

# dlib's five points in units of the face box, and their place in a 150 px crop with a quarter's padding
DLIB_POINTS = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
DLIB_TEMPLATE_PX = (0.25 + DLIB_POINTS) / 1.5 * 150


@pytest.mark.parametrize("name", PORTRAITS)
def test_with_dlibs_points_the_crop_is_dlibs_bit_for_bit(name):
    crop = align(pixels(name), GOLDEN[f"{name}.points"], DLIB_TEMPLATE_PX)
    assert np.array_equal(crop, GOLDEN[f"{name}.crop"])


def test_similarity_finds_the_turn_scale_and_shift_that_were_made():
    turn, shift = np.array([[0.8, -0.6], [0.6, 0.8]]) * 1.7, np.array([11.0, -5.0])
    found = similarity(TEMPLATE_PX, TEMPLATE_PX @ turn.T + shift)
    assert np.allclose(found[0], turn)
    assert np.allclose(found[1], shift)


def test_the_same_face_four_times_as_large_gives_nearly_the_same_crop(engine):
    (face,) = engine.detector.mtcnn.faces(pixels(HOPPER))
    large = image(HOPPER).resize((2048, 2400), Image.Resampling.BICUBIC)
    crop = align(pixels(HOPPER), face.landmarks).astype(int)
    from_large = align(np.asarray(large), (face.landmarks + 0.5) * 4 - 0.5).astype(int)
    assert np.abs(crop - from_large).mean() < 4


def test_what_lies_outside_the_picture_is_black():
    crop = align(np.full((200, 200, 3), 200, np.uint8), TEMPLATE_PX - 60)
    assert (crop[:50, :50] == 0).all()
    assert (crop[100:, 100:] == 200).all()


@pytest.mark.parametrize("name", PORTRAITS)
def test_mesh_and_mtcnn_agree_about_the_crop(engine, name):
    picture = pixels(name)
    (by_mesh,), (by_mtcnn,) = engine.detector.faces(picture), engine.detector.mtcnn.faces(picture)
    assert np.abs(place(by_mesh.landmarks, by_mesh.landmarks) - TEMPLATE_PX).max() < 8
    templates = [engine.embedder.embed(align(picture, face.landmarks)) for face in (by_mesh, by_mtcnn)]
    assert templates[0] @ templates[1] > 0.98


@pytest.mark.parametrize("times", [1, 4])
def test_a_margin_leaves_the_middle_as_it_is(engine, times):
    (face,) = engine.detector.faces(pixels(HOPPER))
    source = image(HOPPER).resize((512 * times, 600 * times), Image.Resampling.BICUBIC)
    landmarks = (face.landmarks.astype(float) + 0.5) * times - 0.5
    crop = align(np.asarray(source), landmarks)
    wide = align(np.asarray(source), landmarks, margin_px=21)
    assert wide.shape == (192, 192, 3)
    assert np.abs(wide[21:171, 21:171].astype(int) - crop).max() <= 1


def test_a_point_is_placed_where_its_pixel_lands():
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[118:123, 148:153] = 255  # centred on (150, 120)
    landmarks = TEMPLATE_PX @ np.array([[1.4, -0.3], [0.3, 1.4]]).T + (40, 20)
    crop = align(picture, landmarks, margin_px=21)[..., 0].astype(float)
    rows, columns = np.indices(crop.shape)
    seen = np.array([(columns * crop).sum(), (rows * crop).sum()]) / crop.sum()
    assert np.abs(place(np.array([(150.0, 120.0)]), landmarks, margin_px=21)[0] - seen).max() < 0.1
