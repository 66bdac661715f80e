"""Idempotency records, as Stripe documents them: same key and body, same bytes; the record commits with the effect.

The digest of the body is keyed (HMAC), since a body may hold six digits that a bare hash would give away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Integer, String, Table, Text, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.schema import UtcTime, metadata
from backend.db.transaction import Transaction
from backend.errors import Refusal

KEPT = timedelta(hours=48)
LEASE = timedelta(seconds=30)  # longer than any request lives

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("route", String(120), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("lease_until", UtcTime),  # set while running
    Column("status", Integer),
    Column("body", Text),
    Column("created_at", UtcTime, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Once:
    """What makes a request this request: who sends it, its key, where to, and the keyed digest of its body."""

    owner: str
    key: str
    route: str
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str


def claim(tx: Transaction, once: Once, *, now: datetime) -> Answer | None:
    """The stored answer, or None: then the key is ours until `finish`, `release` or the end of the lease.

    Raises Refusal idempotency_key_reused (other body or route) or idempotency_key_in_use (still running).
    """
    new = {
        "owner": once.owner,
        "key": once.key,
        "route": once.route,
        "digest": once.digest,
        "created_at": now,
    }
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    ours = tx.execute(  # RETURNING, since the driver of PostgreSQL counts no rows of an INSERT
        dialect.insert(idempotency_records)
        .values(**new, lease_until=now + LEASE)
        .on_conflict_do_nothing()
        .returning(idempotency_records.c.key)
    ).first()
    if ours:
        return None
    row = tx.execute(select(idempotency_records).where(_is(once)).with_for_update()).one_or_none()
    if row is None:  # released between the two statements
        raise Refusal("idempotency_key_in_use", retry_after_s=1)
    if (row.route, row.digest) != (once.route, once.digest):
        raise Refusal("idempotency_key_reused")
    if row.status is not None:
        return Answer(row.status, row.body)
    taken = tx.execute(
        update(idempotency_records)
        .where(
            _is(once),
            or_(idempotency_records.c.lease_until.is_(None), idempotency_records.c.lease_until <= now),
        )
        .values(lease_until=now + LEASE)
    ).rowcount
    if taken != 1:
        raise Refusal("idempotency_key_in_use", retry_after_s=1)
    return None


def finish(tx: Transaction, once: Once, answer: Answer) -> None:
    """Store the answer in the transaction of the effect."""
    written = tx.execute(
        update(idempotency_records)
        .where(_is(once), idempotency_records.c.status.is_(None))
        .values(status=answer.status, body=answer.body, lease_until=None)
    ).rowcount
    assert written == 1, "the key is ours while we run"


def release(tx: Transaction, once: Once) -> None:
    """A refused attempt gives its key back, so that the same key may be tried again."""
    tx.execute(delete(idempotency_records).where(_is(once), idempotency_records.c.status.is_(None)))


def drop_old(tx: Transaction, *, now: datetime) -> int:
    return tx.execute(
        delete(idempotency_records).where(idempotency_records.c.created_at < now - KEPT)
    ).rowcount


def _is(once: Once):  # type: ignore[no-untyped-def]  # an SQL expression
    return (idempotency_records.c.owner == once.owner) & (idempotency_records.c.key == once.key)
