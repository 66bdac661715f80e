import numpy as np
import pytest

from ml.face.align import TEMPLATE_PX
from ml.face.detect import Face
from ml.face.quality import Purpose, pose, the_face
from ml.face.reasons import ADVICE, PictureRefused, Reason


def face(side: float, score: float = 1.0, left: float = 0.0) -> Face:
    box = np.array([left, 0, left + side, side], np.float32)
    return Face(box, TEMPLATE_PX.astype(np.float32), score)


def test_a_frontal_face_has_no_angles():
    assert pose(TEMPLATE_PX) == pytest.approx((0, 0, 0), abs=2)


@pytest.mark.parametrize("angle_deg", [-20, 8, 30])
def test_roll_is_the_tilt_of_the_eyes_and_does_not_disturb_the_rest(angle_deg):
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    yaw, pitch, roll = pose(TEMPLATE_PX @ turn.T)
    assert roll == pytest.approx(angle_deg, abs=1)
    assert abs(yaw) < 2
    assert abs(pitch) < 2


def test_a_nose_to_the_side_is_a_turned_head():
    turned = TEMPLATE_PX.copy()
    turned[2, 0] += 25
    assert pose(turned)[0] > 30


def test_a_nose_near_the_mouth_is_a_lowered_head():
    lowered = TEMPLATE_PX.copy()
    lowered[2, 1] += 14
    assert pose(lowered)[1] > 20


def test_a_small_face_behind_is_overlooked_and_a_large_one_is_not():
    assert the_face([face(100), face(40, left=200)], Purpose.VERIFY).side_px == 100
    with pytest.raises(PictureRefused) as refused:
        the_face([face(100), face(60, left=200)], Purpose.VERIFY)
    assert (refused.value.reason, refused.value.facts) == (Reason.SEVERAL_FACES, {"faces": 2})


def test_enrolment_wants_the_person_more_alone_than_a_check():
    with pytest.raises(PictureRefused):
        the_face([face(100), face(40, left=200)], Purpose.ENROL)


def test_a_doubtful_second_detection_is_not_a_person():
    assert the_face([face(100), face(90, score=0.8, left=200)], Purpose.ENROL).side_px == 100


def test_a_face_found_twice_is_one_person():
    assert the_face([face(100), face(60, left=10)], Purpose.ENROL).side_px == 100


def test_every_refusal_says_what_to_change_in_both_languages():
    refusals = set(Reason) - {Reason.MATCH, Reason.BELOW_THRESHOLD}
    assert set(ADVICE) == refusals
    for english, arabic in ADVICE.values():
        assert english.endswith(".")
        assert any("\u0600" <= letter <= "\u06ff" for letter in arabic)
