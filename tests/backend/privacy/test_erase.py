from __future__ import annotations

import pytest
from sqlalchemy import func, insert, select

from backend.authorization.evidence import Factor
from backend.db.outbox import outbox
from backend.db.transaction import Runner, keys_engine_for
from backend.errors import Refusal
from backend.faces import vault
from backend.faces.tables import subject_keys, templates
from backend.identity import consents
from backend.privacy.erase import erase_face, finish_withdrawals, withdraw_face_consent
from tests.backend.checkout.till import a_buyer
from tests.backend.faces.people import KEY_WRAP, an_enrolled_shopper, consent, take
from tests.backend.identity.people import IDS, NOW


def withdraw(run, keys, shopper_id):
    withdraw_face_consent(shopper_id, run=run, keys=keys, ids=IDS, now=NOW)


def rows(runner, table, shopper_id):
    query = select(func.count()).where(table.c.shopper_id == shopper_id)
    return runner.read(lambda tx: tx.execute(query).scalar_one())


def test_withdrawing_consent_leaves_neither_key_nor_template(run, keys):
    gone, kept = (an_enrolled_shopper(run, keys, name=name) for name in ("Amal", "Badr"))
    withdraw(run, keys, gone)
    assert rows(run, templates, gone) == rows(keys, subject_keys, gone) == 0
    assert run.read(lambda tx: consents.standing(tx, gone)) is None
    assert len(vault.open_templates(run, keys, KEY_WRAP, kept)) == 3


def test_templates_restored_from_a_backup_do_not_open_after_the_erasure(run, keys):
    shopper_id = an_enrolled_shopper(run, keys)
    backup = run.read(lambda tx: [dict(row) for row in tx.execute(select(templates)).mappings()])
    withdraw(run, keys, shopper_id)
    run(lambda tx: tx.execute(insert(templates), backup))
    with pytest.raises(Refusal, match="template_unreadable"):
        vault.open_templates(run, keys, KEY_WRAP, shopper_id)


def test_erasing_may_be_repeated_and_is_told_once(run, keys):
    shopper_id = an_enrolled_shopper(run, keys)
    for _ in range(3):
        withdraw(run, keys, shopper_id)
    kinds = run.read(lambda tx: tx.execute(select(outbox.c.kind).order_by(outbox.c.id)).scalars().all())
    assert kinds.count("face.erased") == 1


def test_an_erasure_that_stopped_half_way_is_finished_by_the_next(run, keys):
    shopper_id = an_enrolled_shopper(run, keys)
    vault.destroy_key(keys, shopper_id)
    erase_face(shopper_id, run=run, keys=keys, ids=IDS, now=NOW)
    assert rows(run, templates, shopper_id) == 0


def test_a_withdrawal_that_was_cut_off_is_finished_and_nobody_else_is_touched(run, keys):
    gone, kept = (an_enrolled_shopper(run, keys, name=name) for name in ("Amal", "Badr"))
    run(lambda tx: consents.withdraw(tx, gone, now=NOW, ids=IDS))
    assert [finish_withdrawals(run=run, keys=keys, ids=IDS, now=NOW) for _ in range(2)] == [1, 0]
    assert rows(run, templates, gone) == rows(keys, subject_keys, gone) == 0
    assert len(vault.open_templates(run, keys, KEY_WRAP, kept)) == 3


def test_erasing_the_face_keeps_the_consent_and_a_new_key_is_made(run, keys):
    shopper_id = an_enrolled_shopper(run, keys)
    before = vault.find_key(keys, KEY_WRAP, shopper_id)
    erase_face(shopper_id, run=run, keys=keys, ids=IDS, now=NOW)
    assert take(run, keys, shopper_id, b"face of Badr, take 1").templates == 1
    assert vault.find_key(keys, KEY_WRAP, shopper_id) not in (None, before)


def test_a_grant_that_the_erased_face_gave_pays_nothing(run, keys):
    buyer = a_buyer(run)
    checkout, grant = buyer.granted("DATES")
    withdraw(run, keys, buyer.shopper_id)
    with pytest.raises(Refusal, match="payment_not_authorised"):
        buyer.pay(checkout, grant)
    assert buyer.prove(checkout, Factor.PASSWORD)
    assert buyer.pay(checkout, buyer.grant()).status == 201


def test_consent_given_again_starts_without_templates(run, keys):
    shopper_id = an_enrolled_shopper(run, keys)
    withdraw(run, keys, shopper_id)
    consent(run, shopper_id)
    assert vault.open_templates(run, keys, KEY_WRAP, shopper_id) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_byte_of_the_wrapped_key_stays_in_the_files(run, keys, data_folder):
    shopper_id = an_enrolled_shopper(run, keys)
    wrapped = keys.read(lambda tx: tx.execute(select(subject_keys.c.wrapped)).scalar_one())
    withdraw(run, keys, shopper_id)
    files = [file.read_bytes() for file in data_folder.iterdir()]
    assert files
    assert not any(wrapped[at : at + 16] in content for content in files for at in range(len(wrapped) - 16))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reader_that_keeps_the_old_log_is_reported(run, keys, settings):
    shopper_id = an_enrolled_shopper(run, keys)
    impatient = keys_engine_for(settings.keys_url, pool_size=1)
    with impatient.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 20")
    with keys.engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.execute(select(subject_keys)).all()
        with pytest.raises(Refusal, match="database_busy"):
            withdraw(run, Runner(impatient), shopper_id)
    withdraw(run, keys, shopper_id)
    impatient.dispose()
