from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from backend.db.outbox import outbox
from backend.errors import Refusal
from backend.faces import vault
from backend.faces.enrol import enrol
from backend.faces.tables import subject_keys, templates
from backend.identity import consents
from tests.backend.faces.people import FACES, KEY_WRAP, an_enrolled_shopper, consent, take
from tests.backend.identity.people import IDS, NOW, a_shopper
from tests.ml.pictures import encoded, wall


def rows(runner, table):
    return runner.read(lambda tx: tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_without_consent_nothing_is_read_or_stored(run, keys):
    shopper_id = a_shopper(run)
    with pytest.raises(Refusal, match="consent_missing"):
        take(run, keys, shopper_id)
    assert rows(run, templates) == rows(keys, subject_keys) == 0


def test_pictures_become_templates_that_open(run, keys):
    shopper_id = a_shopper(run)
    consent(run, shopper_id)
    assert [take(run, keys, shopper_id).templates for _ in range(3)] == [1, 2, 3]
    opened = vault.open_templates(run, keys, KEY_WRAP, shopper_id, model=FACES.model)
    assert [len(embedding) for embedding in opened] == [512] * 3
    assert vault.open_templates(run, keys, KEY_WRAP, shopper_id, model="another") == []


def test_the_face_of_somebody_else_is_refused(run, keys):
    shopper_id = an_enrolled_shopper(run, keys, templates=1)
    with pytest.raises(Refusal, match="face_differs"):
        take(run, keys, shopper_id, b"face of Badr, take 1")
    assert rows(run, templates) == 1


def test_a_picture_without_a_face_stores_nothing(run, keys):
    shopper_id = a_shopper(run)
    consent(run, shopper_id)
    with pytest.raises(Refusal, match="no_face"):
        take(run, keys, shopper_id, encoded(wall()))
    assert rows(run, templates) == rows(keys, subject_keys) == 0


def test_ten_templates_are_enough(run, keys):
    shopper_id = an_enrolled_shopper(run, keys, templates=10)
    with pytest.raises(Refusal, match="templates_enough"):
        take(run, keys, shopper_id)


def test_two_people_at_once_cannot_share_one_enrolment(run, keys):
    shopper_id = a_shopper(run)
    consent(run, shopper_id)
    barrier = Barrier(4)

    def send(name):
        barrier.wait()
        try:
            return take(run, keys, shopper_id, f"face of {name}, take 1".encode())
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(send, ["Amal", "Badr", "Carim", "Dana"]))
    assert sum(not isinstance(result, str) for result in results) == 1
    assert rows(run, templates) == 1


def test_the_shopper_is_told_once_when_the_face_can_pay(run, keys):
    an_enrolled_shopper(run, keys, templates=5)
    kinds = run.read(lambda tx: tx.execute(select(outbox.c.kind)).scalars().all())
    assert kinds == ["face.enrolled"]


def test_consent_withdrawn_while_the_models_work_stores_nothing(run, keys):
    shopper_id = a_shopper(run)
    consent(run, shopper_id)

    class Withdrawing(type(FACES)):
        def read(self, picture, purpose):
            run(lambda tx: consents.withdraw(tx, shopper_id, now=NOW, ids=IDS))
            return super().read(picture, purpose)

    with pytest.raises(Refusal, match="consent_missing"):
        enrol(
            shopper_id,
            b"face of Amal",
            run=run,
            keys=keys,
            key_wrap=KEY_WRAP,
            faces=Withdrawing(),
            ids=IDS,
            now=NOW,
        )
    assert rows(run, templates) == 0
