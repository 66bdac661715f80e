"""Consent to face recognition: to which words, when, and withdrawn when (GDPR articles 7 and 9(2)(a))."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.clock import Ids
from backend.db import audit
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.tables import consents

FACE = "face"
FACE_VERSION = "2026-11-1"  # changes with every letter of the texts: consents name their hash
LANGUAGES = ("en", "ar")
TEXTS = Path(__file__).parent / "consent_texts"


@dataclass(frozen=True, slots=True)
class Consent:
    id: str
    version: str
    language: str
    text_sha256: str
    given_at: datetime


@cache
def face_text(language: str) -> str:
    """As it is shown: the first line is the title, empty lines part the paragraphs."""
    assert language in LANGUAGES, language
    return (TEXTS / f"face.{language}.txt").read_text(encoding="utf-8").strip()


def text_sha256(language: str) -> str:
    """Of the text in UTF-8."""
    return hashlib.sha256(face_text(language).encode()).hexdigest()


def standing(tx: Transaction, shopper_id: str, *, lock: bool = False) -> Consent | None:
    """The face consent that counts now. With `lock`, it cannot be withdrawn before this transaction ends."""
    query = select(consents).where(
        consents.c.shopper_id == shopper_id, consents.c.kind == FACE, consents.c.withdrawn_at.is_(None)
    )
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    return Consent(row.id, row.version, row.language, row.text_sha256, row.given_at)


def stands(shopper_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the shopper in that column consents now; for a query over other rows."""
    return exists().where(
        consents.c.shopper_id == shopper_id, consents.c.kind == FACE, consents.c.withdrawn_at.is_(None)
    )


def demand(tx: Transaction, shopper_id: str, *, lock: bool = False) -> Consent:
    """Raises Refusal consent_missing."""
    consent = standing(tx, shopper_id, lock=lock)
    if consent is None:
        raise Refusal("consent_missing")
    return consent


def give(
    tx: Transaction, shopper_id: str, *, version: str, language: str, sha256: str, now: datetime, ids: Ids
) -> Consent:
    """Given again it stays as it was. Raises Refusal consent_text_changed: not the words in force."""
    if version != FACE_VERSION or language not in LANGUAGES or sha256 != text_sha256(language):
        raise Refusal("consent_text_changed", version=FACE_VERSION)
    before = standing(tx, shopper_id, lock=True)
    if before is not None and before.text_sha256 == sha256:
        return before
    if before is not None:
        _end(tx, shopper_id, now=now)
    consent = Consent(ids.uuid7(), version, language, sha256, now)
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    given = tx.execute(
        dialect.insert(consents)
        .values(
            id=consent.id,
            shopper_id=shopper_id,
            kind=FACE,
            version=version,
            language=language,
            text_sha256=sha256,
            given_at=now,
        )
        .on_conflict_do_nothing()
        .returning(consents.c.id)
    ).first()
    if given is None:  # a second tap, or another device, was first
        return demand(tx, shopper_id)
    _note(tx, shopper_id, "consent.given", consent, now=now, ids=ids)
    return consent


def withdraw(tx: Transaction, shopper_id: str, *, now: datetime, ids: Ids) -> bool:
    """Whether there was one. What was stored because of it goes by `backend.privacy.erase`."""
    before = standing(tx, shopper_id, lock=True)
    if before is None:
        return False
    _end(tx, shopper_id, now=now)
    _note(tx, shopper_id, "consent.withdrawn", before, now=now, ids=ids)
    return True


def _end(tx: Transaction, shopper_id: str, *, now: datetime) -> None:
    tx.execute(
        update(consents)
        .where(
            consents.c.shopper_id == shopper_id, consents.c.kind == FACE, consents.c.withdrawn_at.is_(None)
        )
        .values(withdrawn_at=now)
    )


def _note(
    tx: Transaction, shopper_id: str, action: str, consent: Consent, *, now: datetime, ids: Ids
) -> None:
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=f"shopper:{shopper_id}",
        action=action,
        subject=consent.id,
        details={"kind": FACE, "version": consent.version, "language": consent.language},
    )
