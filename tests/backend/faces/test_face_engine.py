"""The adapter over the real models."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from PIL import Image

from backend.adapters import face_engine
from backend.adapters.face_engine import OnnxFaceEngine
from backend.api.problems import PROBLEMS
from backend.errors import Refusal
from backend.faces.ports import Probe, Purpose
from ml.face.reasons import ADVICE, PictureRefused, Reason


@pytest.fixture(scope="module")
def engine():
    return OnnxFaceEngine.load(parallel_max=1)


def picture(colour="grey", kind="JPEG"):
    held = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(held, kind)
    return held.getvalue()


def test_a_picture_without_a_face_says_what_to_change_in_both_languages(engine):
    with pytest.raises(Refusal, match="no_face") as refused:
        engine.read(picture(), Purpose.VERIFY)
    assert set(refused.value.facts["advice"]) == {"en", "ar"}


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "picture_format"), (b"no picture", "picture_format"), (picture()[:200], "picture_broken")],
)
def test_a_file_that_is_no_picture_is_refused(engine, content, code):
    with pytest.raises(Refusal, match=code):
        engine.read(content, Purpose.ENROL)


def test_every_reason_of_the_models_has_a_problem():
    assert {reason.value for reason in ADVICE} <= set(PROBLEMS)


def test_a_template_matches_itself_and_not_its_opposite(engine):
    ahead = np.linspace(-1, 1, 128, dtype="<f4")
    probe = Probe(ahead.tobytes(), engine.model, {})
    assert engine.compare(probe, [ahead.tobytes()]).matched
    other = engine.compare(probe, [(-ahead).tobytes()])
    assert not other.matched
    assert other.probability < 0.5
    assert other.reasons == ("below_threshold",)


def test_when_all_slots_are_taken_the_caller_may_come_back(engine, monkeypatch):
    monkeypatch.setattr(face_engine, "WAIT_S_MAX", 0.01)
    entered, leave = threading.Event(), threading.Event()

    class Slow:
        model_version = "slow"

        def read(self, *_):
            entered.set()
            leave.wait(5)
            raise PictureRefused(Reason.NO_FACE)

    slow = OnnxFaceEngine(Slow(), parallel_max=1)

    def occupy():
        with pytest.raises(Refusal):
            slow.read(b"", Purpose.VERIFY)

    first = threading.Thread(target=occupy)
    first.start()
    entered.wait(5)
    with pytest.raises(Refusal, match="faces_busy") as refused:
        slow.read(b"", Purpose.VERIFY)
    leave.set()
    first.join()
    assert refused.value.facts == {"retry_after_s": 2}
