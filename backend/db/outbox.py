"""What happened, written in the transaction of what happened: the worker delivers it, live pages read it.

A row with a store and an event id is also a line of that store's live feed (`backend/db/events.py`): one
insert serves both, and since the event id comes from the store's counter row, ids are in the order of commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.rows import New, insert_rows
from backend.db.schema import Id, Json, UtcTime, metadata
from backend.db.transaction import Transaction

LEASE = timedelta(seconds=30)
ATTEMPTS_MAX = 12
BACKOFF_S_MAX = 3_600
BACKLOG_MAX = 10_000


class Kind(StrEnum):
    """Every kind of happening; a test shows that each one meant for people has wording in both languages."""

    GRANT_ISSUED = "grant.issued"
    FACE_REFUSED = "face.refused"
    PIN_REFUSED = "pin.refused"
    PIN_LOCKED = "pin.locked"
    PAYMENT_SETTLED = "payment.settled"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_RETURNED = "payment.returned"
    ORDER_ACCEPTED = "order.accepted"
    ORDER_CHANGED = "order.changed"  # for staff: who packs it, or what was missing
    ORDER_READY = "order.ready"
    ORDER_HANDED_OVER = "order.handed_over"
    ORDER_MISMATCH = "order.mismatch"
    ORDER_CANCELLED = "order.cancelled"
    REFUND_MADE = "refund.made"
    REFUND_FAILED = "refund.failed"  # the gateway will not give it back to the card
    REFUND_IN_WALLET = "refund.in_wallet"  # so the store paid it into the wallet
    WALLET_TOPPED_UP = "wallet.topped_up"
    WALLET_PAID_OUT = "wallet.paid_out"
    VOUCHER_REDEEMED = "voucher.redeemed"
    FACE_ENROLLED = "face.enrolled"
    FACE_ERASED = "face.erased"
    FACE_OUTDATED = "face.outdated"
    DEVICE_ADDED = "device.added"
    RESERVATION_EXPIRED = "reservation.expired"


outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("shopper_id", Id),  # whom it concerns, if anybody
    Column("device_id", String(64)),  # the one device that may read it, if only one may
    Column("store_id", Id),
    Column("event_id", BigInteger),  # position in the store's live feed
    Column("subject", String(64), nullable=False),  # the id of what it is about
    Column("payload", Json, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),  # not worth delivering afterwards
    Column("available_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("lease_until", UtcTime),
    Column("done_at", UtcTime),
    Column("last_error", Text),
    UniqueConstraint("store_id", "event_id"),
    Index(
        "ix_outbox_undone",
        "available_at",
        sqlite_where=Column("done_at").is_(None),
        postgresql_where=Column("done_at").is_(None),
    ),
)


@dataclass(frozen=True, slots=True)
class Happening:
    id: str
    kind: Kind
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    shopper_id: str | None = None
    device_id: str | None = None
    store_id: str | None = None
    event_id: int | None = None
    expires_at: datetime | None = None


def add(tx: Transaction, happenings: Sequence[Happening], *, now: datetime) -> None:
    insert_rows(tx, rows(happenings, now=now))


def rows(happenings: Sequence[Happening], *, now: datetime) -> New:
    """For a caller who writes others with them."""
    return outbox, [_row(happening, now) for happening in happenings]


def add_once(tx: Transaction, happening: Happening, *, now: datetime) -> bool:
    """False if a happening with this id is there already, delivered or not."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    added = tx.execute(
        dialect.insert(outbox)
        .values(_row(happening, now))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(outbox.c.id)
    )
    return added.first() is not None


def is_there(tx: Transaction, happening_id: str) -> bool:
    return tx.execute(select(outbox.c.id).where(outbox.c.id == happening_id)).first() is not None


def _row(happening: Happening, now: datetime) -> dict[str, Any]:
    return {
        "id": happening.id,
        "kind": happening.kind.value,
        "subject": happening.subject,
        "payload": dict(happening.payload),
        "shopper_id": happening.shopper_id,
        "device_id": happening.device_id,
        "store_id": happening.store_id,
        "event_id": happening.event_id,
        "expires_at": happening.expires_at,
        "created_at": now,
        "available_at": now,
        "attempts": 0,
    }


@dataclass(frozen=True, slots=True)
class Claimed:
    happening: Happening
    created_at: datetime
    attempts: int  # this one included; also the generation that `done` and `failed` must still find


def claim(tx: Transaction, *, now: datetime, limit: int = 20) -> list[Claimed]:
    """Lease up to `limit` due rows, oldest first; a lease that ran out (a crash) makes the row due again."""
    due = (
        _due(now).order_by(outbox.c.available_at, outbox.c.id).limit(limit).with_for_update(skip_locked=True)
    )
    rows = tx.execute(
        update(outbox)
        .where(outbox.c.id.in_(due.scalar_subquery()))
        .values(lease_until=now + LEASE, attempts=outbox.c.attempts + 1)
        .returning(outbox)
    ).mappings()
    claimed = [
        Claimed(
            _happening(row),
            row["created_at"],
            row["attempts"],
        )
        for row in rows
    ]
    return sorted(claimed, key=lambda c: (c.created_at, c.happening.id))


def undelivered(tx: Transaction, kind: Kind, shopper_id: str) -> list[Happening]:
    """What nobody has told this shopper yet, in the order in which it happened.

    It is put in order here: SQLite would go through all that ever happened, which is in order, rather than sort.
    """
    waiting = select(outbox).where(
        outbox.c.done_at.is_(None), outbox.c.kind == kind.value, outbox.c.shopper_id == shopper_id
    )
    found = [_happening(row) for row in tx.execute(waiting).mappings()]
    return sorted(found, key=lambda happening: happening.id)


def _happening(row: RowMapping) -> Happening:
    return Happening(
        id=row["id"],
        kind=Kind(row["kind"]),
        subject=row["subject"],
        payload=row["payload"],
        shopper_id=row["shopper_id"],
        device_id=row["device_id"],
        store_id=row["store_id"],
        event_id=row["event_id"],
        expires_at=row["expires_at"],
    )


def is_due(tx: Transaction, *, now: datetime) -> bool:
    """Whether `claim` would find something."""
    return tx.execute(_due(now).limit(1)).first() is not None


@dataclass(frozen=True, slots=True)
class Backlog:
    due: int  # BACKLOG_MAX: that many or more
    overdue_s: float  # of the oldest


def backlog(tx: Transaction, *, now: datetime) -> Backlog:
    """What a worker should be at; it grows while none is there."""
    due = _due(now).add_columns(outbox.c.available_at).order_by(outbox.c.available_at)
    first = due.limit(BACKLOG_MAX).subquery()
    number, oldest = tx.execute(select(func.count(), func.min(first.c.available_at))).one()
    return Backlog(number, (now - oldest).total_seconds() if oldest else 0.0)


def done(tx: Transaction, several: Sequence[Claimed], *, now: datetime) -> int:
    """How many; the lease of the others ran out, and they are another's by now."""
    claims = {one.happening.id: one.attempts for one in several}
    return tx.execute(
        update(outbox)
        .where(outbox.c.id.in_(claims))  # for SQLite, which finds no pair by an index
        .where(tuple_(outbox.c.id, outbox.c.attempts).in_(claims.items()))
        .values(done_at=now, lease_until=None, last_error=None)
    ).rowcount


def failed(tx: Transaction, claimed: Claimed, error: str, *, now: datetime) -> None:
    """Tried again later with growing pauses; after ATTEMPTS_MAX it is put away with its last error."""
    pause_s = min(2**claimed.attempts, BACKOFF_S_MAX)
    tx.execute(
        update(outbox)
        .where(outbox.c.id == claimed.happening.id, outbox.c.attempts == claimed.attempts)
        .values(
            lease_until=None,
            last_error=error[:500],
            available_at=now + timedelta(seconds=pause_s),
            done_at=now if claimed.attempts >= ATTEMPTS_MAX else None,
        )
    )


def _due(now: datetime) -> Select[tuple[str]]:
    return select(outbox.c.id).where(
        outbox.c.done_at.is_(None),
        outbox.c.available_at <= now,
        or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now),
    )
