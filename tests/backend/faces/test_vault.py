from __future__ import annotations

import pytest
from sqlalchemy import select, update

from backend.adapters.key_wrap import FileKeyWrap
from backend.errors import Refusal
from backend.faces import vault
from backend.faces.tables import subject_keys, templates
from tests.backend.faces.people import KEY_WRAP, an_enrolled_shopper
from tests.backend.identity.people import IDS, a_shopper


def opened(run, keys, shopper_id, key_wrap=KEY_WRAP):
    return vault.open_templates(run, keys, key_wrap, shopper_id)


def refused(run, keys, shopper_id, key_wrap=KEY_WRAP):
    with pytest.raises(Refusal, match="template_unreadable"):
        opened(run, keys, shopper_id, key_wrap)
    return True


def test_no_template_is_stored_in_clear(run, keys):
    shopper_id = an_enrolled_shopper(run, keys, templates=1)
    [clear] = opened(run, keys, shopper_id)
    sealed = run.read(lambda tx: tx.execute(select(templates.c.sealed)).scalar_one())
    assert not any(clear[at : at + 16] in sealed for at in range(0, len(clear) - 16, 4))


def test_a_flipped_bit_anywhere_is_refused():
    subject_key = b"s" * 32
    template = vault.Template("record", "shopper", "model", b"x" * 32)
    sealed = vault.seal(subject_key, template)
    for at in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(Refusal):
            vault.unseal(subject_key, "shopper", "record", "model", bytes(flipped))
    assert vault.unseal(subject_key, "shopper", "record", "model", sealed) == template.embedding


def test_a_flipped_bit_in_the_row_is_refused(run, keys):
    shopper_id = an_enrolled_shopper(run, keys, templates=1)
    sealed = run.read(lambda tx: tx.execute(select(templates.c.sealed)).scalar_one())
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    run(lambda tx: tx.execute(update(templates).values(sealed=flipped)))
    assert refused(run, keys, shopper_id)


def test_a_template_moved_to_another_shopper_does_not_open(run, keys):
    victim, thief = an_enrolled_shopper(run, keys), an_enrolled_shopper(run, keys, name="Badr", templates=1)
    run(
        lambda tx: tx.execute(
            update(templates).where(templates.c.shopper_id == victim).values(shopper_id=thief)
        )
    )
    assert refused(run, keys, thief)


def test_a_relabelled_template_does_not_open(run, keys):
    shopper_id = an_enrolled_shopper(run, keys, templates=1)
    [model] = run.read(lambda tx: tx.execute(select(templates.c.model)).scalars())
    for changes in ({"model": "another-model"}, {"model": model, "id": IDS.uuid7()}):
        run(lambda tx, c=changes: tx.execute(update(templates).values(c)))
        assert refused(run, keys, shopper_id)


def test_a_wrapped_key_moved_to_another_shopper_does_not_open(run, keys):
    victim, thief = an_enrolled_shopper(run, keys), an_enrolled_shopper(run, keys, name="Badr")
    query = select(subject_keys.c.wrapped).where(subject_keys.c.shopper_id == victim)
    wrapped = keys.read(lambda tx: tx.execute(query).scalar_one())
    keys(
        lambda tx: tx.execute(
            update(subject_keys).where(subject_keys.c.shopper_id == thief).values(wrapped=wrapped)
        )
    )
    assert refused(run, keys, thief)


def test_another_key_encryption_key_opens_nothing(run, keys):
    shopper_id = an_enrolled_shopper(run, keys)
    assert refused(run, keys, shopper_id, FileKeyWrap(b"o" * 32))


def test_a_shopper_without_templates_has_none(run, keys):
    assert opened(run, keys, a_shopper(run)) == []


def test_keys_lie_in_a_store_of_their_own(run, keys):
    shopper_id = an_enrolled_shopper(run, keys)
    assert keys.engine.url != run.engine.url or keys.engine.dialect.name == "postgresql"
    stored = keys.read(lambda tx: tx.execute(select(subject_keys)).one())
    assert (stored.shopper_id, stored.kek_id) == (shopper_id, KEY_WRAP.kek_id)
