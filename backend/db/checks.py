"""Do the tables under all rooms agree: audit chain, outbox, numbers of the live feeds?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, true

from backend.db import audit
from backend.db.events import store_counters
from backend.db.findings import Finding, Scope, rule
from backend.db.outbox import ATTEMPTS_MAX, outbox
from backend.db.transaction import Transaction

LATE = timedelta(minutes=10)  # a row that is due for so long has no worker


def audit_chain(tx: Transaction, scope: Scope) -> list[Finding]:
    """The one check that no statement can make."""
    broken = audit.first_broken(tx, since=scope.since)
    if broken is None:
        return []
    expected = f"position {broken.position}, hash of the one before"
    return [Finding("audit_chain", "the audit chain holds", broken.entry_id, expected, broken.found)]


@rule("message_stuck", "every happening is delivered")
def stuck_messages(scope: Scope) -> Select[Any]:
    late = and_(
        outbox.c.done_at.is_(None),
        outbox.c.available_at < scope.now - LATE,
        or_(outbox.c.lease_until.is_(None), outbox.c.lease_until < scope.now),
    )
    given_up = and_(outbox.c.attempts >= ATTEMPTS_MAX, outbox.c.last_error.is_not(None))
    return select(
        outbox.c.id,
        literal("done").label("expected"),
        func.coalesce(outbox.c.last_error, "waiting").label("found"),
    ).where(or_(late, given_up), scope.covers(outbox.c.id, outbox.c.created_at))


@rule("event_gap", "a store's events are numbered without gaps")
def event_gaps(scope: Scope) -> Select[Any]:
    """A reader that goes on after an id then misses nothing."""
    return gaps(scope, store_counters.c.events, outbox.c.event_id, outbox.c.created_at)


RULES = (stuck_messages, event_gaps)


def gaps(
    scope: Scope, counter: ColumnElement[int], number: ColumnElement[int], at: ColumnElement[datetime]
) -> Select[Any]:
    """Stores in which a column's numbers are not 1, 2, 3 … up to the store's counter.

    Numbers are given in the order of commits and not of `at`: so whatever follows the first one counts.
    """
    numbered = number.table
    first = (
        select(numbered.c.store_id, func.min(number).label("number"))
        .where(number.is_not(None), scope.covers(numbered.c.id, at))
        .group_by(numbered.c.store_id)
        .subquery()
    )
    given = (
        select(
            numbered.c.store_id,
            func.count().label("rows"),
            func.min(number).label("first"),
            func.max(number).label("last"),
        )
        .join(first, and_(first.c.store_id == numbered.c.store_id, number >= first.c.number))
        .group_by(numbered.c.store_id)
        .subquery()
    )
    whole = scope.since is None
    last = func.coalesce(given.c.last, 0)
    return (
        select(
            store_counters.c.store_id,
            counter.label("expected"),
            func.coalesce(given.c.rows, 0).label("found_rows"),
            last.label("found_last"),
        )
        .join(given, given.c.store_id == store_counters.c.store_id, isouter=whole)
        .where(
            or_(
                counter != last,
                given.c.rows != given.c.last - given.c.first + 1,
                given.c.first != 1 if whole else ~true(),
            )
        )
    )
