import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from backend.operations.portraits import portrait, variants
from ml.face.compare import Decision
from ml.face.pipeline import Purpose
from ml.face.reasons import PictureRefused, Reason
from tests.ml.pictures import COLLINS, HOPPER, PORTRAITS, encoded, image, on_canvas, side_by_side, wall


def refusal(engine, picture: Image.Image, purpose: Purpose = Purpose.VERIFY) -> Reason:
    with pytest.raises(PictureRefused) as refused:
        engine.read(encoded(picture, quality=95), purpose)
    return refused.value.reason


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("purpose", Purpose)
def test_a_good_portrait_passes_both_gates(engine, name, purpose):
    probe = engine.read(portrait(name), purpose)
    assert (probe.embedding.shape, probe.embedding.dtype) == ((128,), np.float32)
    assert probe.box.shape == (4,)
    assert probe.landmarks.shape == (5, 2)
    assert (probe.width, probe.height) == image(name).size


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_gives_the_same_template(engine, orientation):
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = image(HOPPER)
    stored = stored.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = engine.read(encoded(stored, quality=92, exif=exif)).embedding
    assert turned @ engine.read(portrait(HOPPER)).embedding >= 0.99


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_format_hardly_changes_the_template(engine, form):
    template = engine.read(encoded(image(COLLINS), form)).embedding
    assert template @ engine.read(portrait(COLLINS)).embedding >= 0.99


@pytest.mark.parametrize("name", PORTRAITS)
def test_variants_of_a_portrait_pass_enrolment_and_match(engine, name):
    templates = [engine.read(picture, Purpose.ENROL).embedding for picture in variants(name)]
    for probe in (portrait(name), *variants(name)):
        assert engine.compare(engine.read(probe), templates[:5]).decision == Decision.MATCH


def test_another_person_does_not_match(engine):
    for own, other in ((COLLINS, HOPPER), (HOPPER, COLLINS)):
        templates = [engine.read(picture, Purpose.ENROL).embedding for picture in variants(own)]
        for probe in variants(other):
            similarity = engine.compare(engine.read(probe), templates)
            assert similarity.decision == Decision.NO_MATCH
            assert similarity.probability < 0.2
            assert similarity.model == engine.model_version


def test_a_probe_may_be_given_as_its_bare_template(engine):
    probe = engine.read(portrait(COLLINS))
    assert engine.compare(probe, [probe.embedding]) == engine.compare(probe.embedding, [probe.embedding])


def test_a_template_never_shows_in_the_log(engine):
    assert repr(engine.read(portrait(COLLINS))) == "Probe(512x512, template withheld)"


def test_a_picture_without_a_face_is_refused(engine):
    assert refusal(engine, wall()) == Reason.NO_FACE


def test_a_picture_of_two_people_is_refused(engine):
    assert refusal(engine, side_by_side(image(HOPPER), image(HOPPER))) == Reason.SEVERAL_FACES


def test_a_face_far_away_is_too_small(engine):
    assert refusal(engine, on_canvas(image(HOPPER), 0.25)) == Reason.FACE_TOO_SMALL


def test_a_face_half_outside_the_picture_is_cut_off(engine):
    assert refusal(engine, image(HOPPER).crop((200, 0, 512, 600))) == Reason.FACE_CUT_OFF


def test_a_face_lying_on_its_side_is_turned(engine):
    tilted = image(HOPPER).rotate(40, Image.Resampling.BICUBIC, fillcolor=(120, 120, 120))
    assert refusal(engine, tilted) == Reason.FACE_TURNED


def test_a_face_in_the_dark_is_too_dark(engine):
    assert refusal(engine, ImageEnhance.Brightness(image(HOPPER)).enhance(0.15)) == Reason.FACE_TOO_DARK


def test_a_face_in_glaring_light_is_too_bright(engine):
    assert refusal(engine, ImageEnhance.Brightness(image(COLLINS)).enhance(1.4)) == Reason.FACE_TOO_BRIGHT


def test_a_hazy_face_has_too_little_contrast(engine):
    assert refusal(engine, ImageEnhance.Contrast(image(HOPPER)).enhance(0.15)) == Reason.FACE_LOW_CONTRAST


def test_a_shaken_picture_is_too_blurred(engine):
    assert refusal(engine, image(HOPPER).filter(ImageFilter.GaussianBlur(6))) == Reason.FACE_TOO_BLURRED


def test_enrolment_refuses_what_a_check_still_takes(engine):
    soft = image(HOPPER).filter(ImageFilter.GaussianBlur(4))
    engine.read(encoded(soft, quality=95), Purpose.VERIFY)
    assert refusal(engine, soft, Purpose.ENROL) == Reason.FACE_TOO_BLURRED


def test_a_refusal_carries_value_limit_and_advice(engine):
    with pytest.raises(PictureRefused) as refused:
        engine.read(encoded(on_canvas(image(HOPPER), 0.25)))
    assert refused.value.facts["value"] < refused.value.facts["limit"]
    assert "closer" in refused.value.advice[0]


def test_eight_threads_give_the_templates_of_one_thread_bit_for_bit(engine):
    pictures = [*variants(COLLINS), *variants(HOPPER)]
    alone = [engine.read(picture).embedding for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda picture: engine.read(picture).embedding, pictures))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_sixteen_threads_do_not_hoard_memory():
    """In a process of its own: what the heap keeps depends on everything that ran before."""
    script = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from backend.operations.portraits import variants
from ml.face.pipeline import FaceEngine
engine = FaceEngine.load()
with ThreadPoolExecutor(16) as pool:
    list(pool.map(engine.read, variants("grace_hopper") * 3))
print(int(Path("/proc/self/statm").read_text().split()[1]) * 4096)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert int(done.stdout) < 350e6
