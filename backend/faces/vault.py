"""Sealed templates: a key per shopper, wrapped, in a store of its own; a key per record derived from it.

Subject key (256 random bits) → HKDF-SHA256 with the record's id as salt → AES-256-GCM. Additional data binds
each record to shopper, record, kind, model and schema, so a row that was moved or relabelled does not open.
The key is written first and the template after; destroying the key makes every copy of a template unreadable.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.transaction import Runner, Transaction
from backend.errors import Refusal
from backend.faces.ports import KeyWrap
from backend.faces.tables import subject_keys, templates

KEY_BYTES = 32
NONCE_BYTES = 12
KIND = "template"
SCHEMA = "1"


@dataclass(frozen=True, slots=True)
class Template:
    id: str
    shopper_id: str
    model: str
    embedding: bytes = field(repr=False)  # 128 little-endian float32


def open_templates(
    run: Runner, keys: Runner, key_wrap: KeyWrap, shopper_id: str, *, model: str | None = None
) -> list[bytes]:
    """Embeddings of the shopper's templates (of one model), oldest first; [] if there are none.

    Raises Refusal template_unreadable: altered, moved, or the key was destroyed.
    """
    wanted = select(templates).where(templates.c.shopper_id == shopper_id)
    if model is not None:
        wanted = wanted.where(templates.c.model == model)
    rows = run.read(lambda tx: tx.execute(wanted.order_by(templates.c.created_at, templates.c.id)).all())
    if not rows:
        return []
    subject_key = find_key(keys, key_wrap, shopper_id)
    if subject_key is None:
        raise Refusal("template_unreadable")
    return [unseal(subject_key, shopper_id, row.id, row.model, row.sealed) for row in rows]


def store(
    run: Runner,
    keys: Runner,
    key_wrap: KeyWrap,
    template: Template,
    *,
    admit: Callable[[Transaction], None],
    now: datetime,
) -> None:
    """Key first, template after. `admit` decides inside the transaction of the insert, by raising Refusal.

    An erasure at the same moment wins: then Refusal template_unreadable, and nothing stays.
    """
    subject_key = find_key(keys, key_wrap, template.shopper_id) or make_key(
        keys, key_wrap, template.shopper_id, now=now
    )
    sealed = seal(subject_key, template)

    def work(tx: Transaction) -> None:
        admit(tx)
        tx.execute(
            insert(templates).values(
                id=template.id,
                shopper_id=template.shopper_id,
                model=template.model,
                sealed=sealed,
                created_at=now,
            )
        )

    run(work)
    if find_key(keys, key_wrap, template.shopper_id) != subject_key:
        run(lambda tx: tx.execute(delete(templates).where(templates.c.id == template.id)))
        raise Refusal("template_unreadable")


def count(tx: Transaction, shopper_id: str, *, model: str | None = None) -> int:
    query = select(func.count()).where(templates.c.shopper_id == shopper_id)
    if model is not None:
        query = query.where(templates.c.model == model)
    return int(tx.execute(query).scalar_one())


def delete_templates(tx: Transaction, shopper_id: str, *, besides_model: str | None = None) -> int:
    gone = delete(templates).where(templates.c.shopper_id == shopper_id)
    if besides_model is not None:
        gone = gone.where(templates.c.model != besides_model)
    return tx.execute(gone).rowcount


def find_key(keys: Runner, key_wrap: KeyWrap, shopper_id: str) -> bytes | None:
    query = select(subject_keys).where(subject_keys.c.shopper_id == shopper_id)
    row = keys.read(lambda tx: tx.execute(query).one_or_none())
    return None if row is None else key_wrap.unwrap(shopper_id, row.kek_id, row.wrapped)


def make_key(keys: Runner, key_wrap: KeyWrap, shopper_id: str, *, now: datetime) -> bytes:
    """Of two that make one at once, both get the key of the first."""
    wrapped = key_wrap.wrap(shopper_id, os.urandom(KEY_BYTES))

    def work(tx: Transaction) -> None:
        dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
        tx.execute(
            dialect.insert(subject_keys)
            .values(shopper_id=shopper_id, kek_id=key_wrap.kek_id, wrapped=wrapped, created_at=now)
            .on_conflict_do_nothing()
        )

    keys(work)
    made = find_key(keys, key_wrap, shopper_id)
    if made is None:  # erased again in between
        raise Refusal("template_unreadable")
    return made


def destroy_key(keys: Runner, shopper_id: str) -> bool:
    """True once the key is out of file and write-ahead log; False: a reader kept the log, call again."""
    keys(lambda tx: tx.execute(delete(subject_keys).where(subject_keys.c.shopper_id == shopper_id)))
    if keys.engine.dialect.name != "sqlite":
        return True  # dead rows go with VACUUM, older copies with the key-encryption key's next epoch
    with keys.engine.connect() as connection:  # waits as long as the connection's busy timeout
        busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one()
    return int(busy) == 0


def seal(subject_key: bytes, template: Template) -> bytes:
    """nonce ‖ ciphertext with its tag."""
    nonce = os.urandom(NONCE_BYTES)
    bound = _bound_to(template.shopper_id, template.id, template.model)
    return nonce + _record_key(subject_key, template.id).encrypt(nonce, template.embedding, bound)


def unseal(subject_key: bytes, shopper_id: str, template_id: str, model: str, sealed: bytes) -> bytes:
    try:
        return _record_key(subject_key, template_id).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound_to(shopper_id, template_id, model)
        )
    except (InvalidTag, ValueError) as why:
        raise Refusal("template_unreadable") from why


def _record_key(subject_key: bytes, record_id: str) -> AESGCM:
    derived = HKDF(SHA256(), KEY_BYTES, salt=record_id.encode(), info=f"{KIND}|v{SCHEMA}".encode())
    return AESGCM(derived.derive(subject_key))


def _bound_to(shopper_id: str, record_id: str, model: str) -> bytes:
    return "\0".join((shopper_id, record_id, KIND, model, SCHEMA)).encode()
