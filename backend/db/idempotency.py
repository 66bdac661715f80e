"""Idempotency records, as Stripe documents them: same key and request, same bytes; the record commits with the effect.

The digest of the request is keyed (HMAC), since a body may hold six digits that a bare hash would give away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Insert, Integer, String, Table, Text, and_, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.rows import drop_some
from backend.db.schema import UtcTime, metadata
from backend.db.transaction import Transaction
from backend.errors import Refusal

KEPT = timedelta(hours=48)
LEASE = timedelta(seconds=10)  # a crash keeps the key for so long; a request seldom lives longer

idempotency_records = Table(
    "idempotency_records",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("route", String(120), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("lease_until", UtcTime),  # set while running
    Column("status", Integer),
    Column("body", Text),
    Column("created_at", UtcTime, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Once:
    """What makes a request this request: who sends it, its key, where to, and the keyed digest of all of it."""

    owner: str
    key: str
    route: str
    digest: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: str


def answered(tx: Transaction, once: Once) -> Answer | None:
    """The stored answer of this very request, to be looked for before its work begins; what else there may be is for
    `claim` to judge."""
    row = tx.execute(ANSWERED, {**_this(once), "asked": once.digest}).first()
    return None if row is None else Answer(row.status, row.body)


def claim(tx: Transaction, once: Once, *, now: datetime) -> Answer | None:
    """The stored answer, or None: then the key is ours until `finish`, `release` or the end of the lease.

    Raises Refusal idempotency_key_reused (another request) or idempotency_key_in_use (still running).
    """
    asked = {"route": once.route, "digest": once.digest, "created_at": now, "lease_until": now + LEASE}
    ours = tx.execute(CLAIM[tx.dialect.name], {"owner": once.owner, "key": once.key, **asked}).first()
    if ours:
        return None
    row = tx.execute(FIND, _this(once)).one()  # the conflict has locked it
    if row.digest != once.digest:
        raise Refusal("idempotency_key_reused")
    if row.status is None:
        raise Refusal("idempotency_key_in_use", retry_after_s=1)
    return Answer(row.status, row.body)


def finish(tx: Transaction, once: Once, answer: Answer) -> None:
    """Store the answer in the transaction of the effect.

    Raises Refusal idempotency_key_in_use where we took so long that another took the key over: all is undone.
    """
    written = tx.execute(FINISH, {**_this(once), "code": answer.status, "text": answer.body}).rowcount
    if written != 1:
        raise Refusal("idempotency_key_in_use", retry_after_s=1)


def release(tx: Transaction, once: Once) -> None:
    """A refused attempt gives its key back, so that the same key may be tried again."""
    tx.execute(RELEASE, _this(once))


def drop_old(tx: Transaction, *, now: datetime) -> int:
    return drop_some(tx, idempotency_records, idempotency_records.c.created_at < now - KEPT)


def _this(once: Once) -> dict[str, str]:
    return {"by": once.owner, "named": once.key}


def _claim(dialect: Any) -> Insert:
    """A row of a request that was left behind is taken over; one of another request, or finished, is not."""
    new = dialect.insert(idempotency_records)
    statement: Insert = new.on_conflict_do_update(
        index_elements=["owner", "key"],
        set_={"lease_until": new.excluded.lease_until},
        where=and_(
            idempotency_records.c.digest == new.excluded.digest,
            idempotency_records.c.status.is_(None),
            idempotency_records.c.lease_until <= new.excluded.created_at,
        ),
    ).returning(idempotency_records.c.key)
    return statement


CLAIM = {"postgresql": _claim(postgresql), "sqlite": _claim(sqlite)}
THIS = and_(idempotency_records.c.owner == bindparam("by"), idempotency_records.c.key == bindparam("named"))
FIND = select(idempotency_records).where(THIS)
ANSWERED = select(idempotency_records.c.status, idempotency_records.c.body).where(
    THIS, idempotency_records.c.digest == bindparam("asked"), idempotency_records.c.status.is_not(None)
)
FINISH = (
    update(idempotency_records)
    .where(THIS, idempotency_records.c.status.is_(None))
    .values(status=bindparam("code"), body=bindparam("text"), lease_until=None)
)
RELEASE = delete(idempotency_records).where(THIS, idempotency_records.c.status.is_(None))
