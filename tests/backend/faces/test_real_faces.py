"""The road of a face with the real models: enrolled, told from another, erased."""

from __future__ import annotations

import pytest

from backend.adapters.face_engine import OnnxFaceEngine
from backend.errors import Refusal
from backend.faces import vault
from backend.faces.enrol import enrol
from backend.faces.verify import verify
from backend.operations.portraits import FILES, variants
from backend.privacy.erase import erase_face
from tests.backend.faces.people import KEY_WRAP, consent
from tests.backend.identity.people import IDS, NOW, a_shopper

COLLINS, HOPPER = FILES


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_enrolled_person_is_told_from_another_until_the_face_is_erased(run, keys):
    engine, shopper_id = OnnxFaceEngine.load(parallel_max=1), a_shopper(run)
    consent(run, shopper_id)
    ports = {"run": run, "keys": keys, "key_wrap": KEY_WRAP, "faces": engine, "ids": IDS, "now": NOW}
    own, others = variants(COLLINS), variants(HOPPER)
    for picture in own[:3]:
        enrol(shopper_id, picture, **ports)
    with pytest.raises(Refusal, match="face_differs"):
        enrol(shopper_id, others[0], **ports)
    references = vault.open_templates(run, keys, KEY_WRAP, shopper_id, model=engine.model)
    assert verify([own[3]], faces=engine, references=references).matched
    assert not verify(others[:2], faces=engine, references=references).matched
    erase_face(shopper_id, run=run, keys=keys, ids=IDS, now=NOW)
    assert vault.open_templates(run, keys, KEY_WRAP, shopper_id) == []
