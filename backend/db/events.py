"""The live feed of a store: numbered per store, in the order of commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Table, bindparam, select, update

from backend.db.outbox import outbox
from backend.db.schema import Id, metadata
from backend.db.transaction import Transaction

EVENTS_PER_READ_MAX = 200

store_counters = Table(
    "store_counters",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("events", BigInteger, nullable=False, default=0),
    Column("receipts", BigInteger, nullable=False, default=0),
    Column("credit_notes", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("events >= 0 AND receipts >= 0", name="not_negative"),
    CheckConstraint("credit_notes >= 0", name="credit_notes"),
)


TAKE = (
    update(store_counters)
    .where(store_counters.c.store_id == bindparam("store"))
    .values(
        events=store_counters.c.events + bindparam("happened"),
        receipts=store_counters.c.receipts + bindparam("printed"),
        credit_notes=store_counters.c.credit_notes + bindparam("credited"),
    )
    .returning(store_counters.c.events, store_counters.c.receipts, store_counters.c.credit_notes)
)


@dataclass(frozen=True, slots=True)
class Numbers:
    event_id: int  # the last of those taken
    receipt: int
    credit_note: int


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    kind: str
    subject: str
    payload: dict[str, Any]
    at: datetime


def next_numbers(
    tx: Transaction, store_id: str, *, events: int = 1, receipts: int = 0, credit_notes: int = 0
) -> Numbers:
    """Take numbers for this transaction. The store's counter row is the last lock before the inserts."""
    taken = {"store": store_id, "happened": events, "printed": receipts, "credited": credit_notes}
    row = tx.execute(TAKE, taken).one()
    return Numbers(event_id=row.events, receipt=row.receipts, credit_note=row.credit_notes)


def last(tx: Transaction, store_id: str) -> int:
    number = tx.execute(
        select(store_counters.c.events).where(store_counters.c.store_id == store_id)
    ).scalar_one_or_none()
    return int(number or 0)


def after(tx: Transaction, store_id: str, event_id: int, *, limit: int = EVENTS_PER_READ_MAX) -> list[Event]:
    rows = tx.execute(
        select(outbox)
        .where(outbox.c.store_id == store_id, outbox.c.event_id > event_id)
        .order_by(outbox.c.event_id)
        .limit(limit)
    ).mappings()
    return [Event(r["event_id"], r["kind"], r["subject"], r["payload"], r["created_at"]) for r in rows]
