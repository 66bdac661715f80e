import numpy as np

from ml.data.finder import middle_face
from ml.face.detect import Face

PICTURE = np.zeros((200, 300, 3), np.uint8)


def face(centre: tuple[int, int], width: int, height: int) -> Face:
    x, y = centre
    box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2], np.float32)
    return Face(box, np.zeros((5, 2), np.float32), 1.0)


def test_a_picture_without_a_face_has_none_in_the_middle():
    assert middle_face([], PICTURE) is None


def test_of_faces_of_one_size_the_one_nearest_the_middle_is_meant():
    near, far = face((160, 100), 40, 40), face((60, 100), 40, 40)
    assert middle_face([far, near], PICTURE) is near


def test_a_large_face_is_meant_before_a_small_one_a_little_nearer_the_middle():
    large, small = face((120, 100), 100, 100), face((150, 90), 20, 20)
    assert middle_face([small, large], PICTURE) is large


def test_a_face_is_as_large_as_the_root_of_its_area_not_as_wide():
    tall, wide = face((130, 100), 40, 90), face((170, 100), 50, 50)
    assert middle_face([wide, tall], PICTURE) is tall
