"""Do the tables under all rooms agree: audit chain, outbox, numbers of the live feeds?"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from backend.db import audit
from backend.db.events import store_counters
from backend.db.findings import Finding
from backend.db.outbox import ATTEMPTS_MAX, outbox
from backend.db.transaction import Transaction

LATE = timedelta(minutes=10)  # a row that is due for so long has no worker


def check(tx: Transaction, *, now: datetime) -> list[Finding]:
    return [*audit_chain(tx), *stuck_messages(tx, now=now), *feed_numbers(tx)]


def audit_chain(tx: Transaction) -> list[Finding]:
    broken = audit.first_broken(tx)
    if broken is None:
        return []
    return [Finding("the audit chain holds", f"audit entry {broken}", "hash of the one before", "another")]


def stuck_messages(tx: Transaction, *, now: datetime) -> list[Finding]:
    late = and_(
        outbox.c.done_at.is_(None),
        outbox.c.available_at < now - LATE,
        or_(outbox.c.lease_until.is_(None), outbox.c.lease_until < now),
    )
    given_up = and_(outbox.c.attempts >= ATTEMPTS_MAX, outbox.c.last_error.is_not(None))
    rows = tx.execute(select(outbox).where(or_(late, given_up)).order_by(outbox.c.id))
    return [
        Finding(
            "every happening is delivered", f"outbox {row.id} {row.kind}", "done", row.last_error or "waiting"
        )
        for row in rows
    ]


def feed_numbers(tx: Transaction) -> list[Finding]:
    """Per store 1, 2, 3 … up to its counter; a reader that goes on after an id then misses nothing."""
    given = (
        select(outbox.c.store_id, func.count().label("rows"), func.max(outbox.c.event_id).label("last"))
        .where(outbox.c.event_id.is_not(None))
        .group_by(outbox.c.store_id)
        .subquery()
    )
    rows = tx.execute(
        select(
            store_counters.c.store_id,
            store_counters.c.events,
            func.coalesce(given.c.rows, 0).label("rows"),
            func.coalesce(given.c.last, 0).label("last"),
        )
        .join(given, given.c.store_id == store_counters.c.store_id, isouter=True)
        .where(or_(store_counters.c.events != func.coalesce(given.c.rows, 0), given.c.last != given.c.rows))
    )
    return [
        Finding(
            "a store's events are numbered without gaps",
            f"store {row.store_id}",
            row.events,
            [row.rows, row.last],
        )
        for row in rows
    ]
