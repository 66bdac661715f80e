import numpy as np
import pytest
from PIL import Image

from ml.face.sample import sample
from tests.ml.pictures import HOPPER, image, pixels


def square(angle_deg: float, scale: float, corner: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return turn * scale, np.array(corner)


@pytest.mark.parametrize("corner", [(150.3, 80.6), (-60.0, 300.2), (420.5, 510.5)])
def test_only_what_lies_under_the_square_is_touched_and_nothing_else_changes(corner):
    matrix, corner = square(17, 1.3, corner)
    whole = image(HOPPER).transform(
        (150, 150),
        Image.Transform.AFFINE,
        (*matrix[0], corner[0], *matrix[1], corner[1]),
        Image.Resampling.BILINEAR,
    )
    assert np.abs(sample(pixels(HOPPER), matrix, corner, 150).astype(int) - np.asarray(whole)).max() <= 1


def test_a_square_of_fine_stripes_becomes_grey_and_not_a_pattern():
    stripes = np.zeros((800, 800, 3), np.uint8)
    stripes[:, ::2] = 254
    crop = sample(stripes, *square(3, 4.1, (20, 20)), 150)
    assert np.abs(crop[10:-10, 10:-10].astype(int) - 127).max() < 5


def test_a_square_beside_the_picture_is_black():
    assert not sample(np.full((50, 50, 3), 200, np.uint8), *square(0, 1, (90, 0)), 40).any()
