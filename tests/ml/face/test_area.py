import numpy as np
import pytest

from ml.face.area import AreaSampler


def averaged(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Adaptive average pooling as it is defined, cell by cell."""
    rows, columns, _ = image.shape
    cells = np.empty((3, height, width))
    for y in range(height):
        for x in range(width):
            top, bottom = y * rows // height, -(-(y + 1) * rows // height)
            left, right = x * columns // width, -(-(x + 1) * columns // width)
            cells[:, y, x] = image[top:bottom, left:right].mean(axis=(0, 1))
    return cells


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, (53, 71, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(12, 16), (53, 71), (20, 90)])
def test_a_picture_is_resized_by_exact_area_means(noise, size):
    assert np.abs(AreaSampler(noise).whole(*size) - averaged(noise, *size)).max() < 1e-4


def test_crops_smaller_and_larger_than_the_goal_are_exact_too(noise):
    boxes = np.array([(0, 0, 71, 53), (10, 5, 20, 17), (70, 52, 71, 53)])
    crops = AreaSampler(noise).crops(boxes, 24)
    for (left, top, right, bottom), crop in zip(boxes, crops, strict=True):
        assert np.abs(crop - averaged(noise[top:bottom, left:right], 24, 24)).max() < 1e-4
