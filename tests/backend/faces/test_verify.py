from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.errors import Refusal
from backend.faces import attempts
from backend.faces.ports import Purpose
from backend.faces.tables import face_attempts
from backend.faces.verify import FaceResult, verify
from tests.backend.identity.people import IDS, NOW, a_shopper
from tests.fakes import NamedFaces

AMAL, BADR = b"face of Amal, take 1", b"face of Badr, take 1"


class Faces(NamedFaces):
    """Pictures may also say why they are refused."""

    def read(self, picture, purpose):
        assert purpose is Purpose.VERIFY
        if picture.startswith(b"refused "):
            raise Refusal(picture.split()[1].decode())
        return super().read(picture, purpose)


def check(*frames):
    references = [NamedFaces().read(AMAL, Purpose.ENROL).embedding]
    return verify(frames, faces=Faces(), references=references)


def test_the_enrolled_person_matches():
    assert check(AMAL) == FaceResult(True, 0.99, ("match",), "named-faces-1")


def test_somebody_else_does_not_match():
    assert not check(BADR).matched


def test_the_best_frame_decides():
    assert check(BADR, AMAL, BADR).matched


def test_a_poor_frame_is_passed_over_while_another_is_good():
    assert check(b"refused face_too_blurred", AMAL, b"refused no_face").matched


def test_only_poor_frames_say_what_is_wrong_with_the_first():
    with pytest.raises(Refusal, match="face_too_dark"):
        check(b"refused face_too_dark", b"refused face_too_blurred")


@pytest.mark.parametrize("code", ["several_faces", "picture_broken", "picture_heic", "faces_busy"])
def test_a_second_person_or_a_broken_file_is_not_passed_over(code):
    with pytest.raises(Refusal, match=code):
        check(AMAL, b"refused " + code.encode())


@pytest.mark.parametrize("count", [0, 6])
def test_one_to_five_frames_are_taken(count):
    with pytest.raises(Refusal, match="frames_count"):
        check(*[AMAL] * count)


def test_nobody_enrolled_is_not_a_mismatch():
    with pytest.raises(Refusal, match="face_not_enrolled"):
        verify([AMAL], faces=Faces(), references=[])


def test_an_attempt_is_kept_for_the_owner_rounded(run):
    shopper_id = a_shopper(run)
    result = FaceResult(False, 0.12345, ("below_threshold",), "m")
    run(lambda tx: attempts.record(tx, shopper_id, result, checkout_id=None, ids=IDS, now=NOW))
    row = run.read(lambda tx: tx.execute(select(face_attempts)).one())
    assert (row.outcome, row.probability_pct, row.at) == ("no_match", 12, NOW)
