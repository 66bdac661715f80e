"""Attempts are counted before they are evaluated: five, then a wait that grows.

Nothing depends on the evaluation coming back: a crash can only cost a slot, and there is no state "all slots
used but not locked". One row per (shopper, device) or (login, origin): strangers cannot lock the owner out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Insert, bindparam, case, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.schema import UtcTime
from backend.db.transaction import Transaction
from backend.identity.tables import locks

SLOTS = 5  # Delegated Regulation (EU) 2018/389, art. 4(3)(b): at most five consecutive failures
DELAYS = (
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=4),
    timedelta(hours=24),  # repeats
)
LEVEL_MAX = len(DELAYS) - 1


def take_slot(tx: Transaction, subject: str, *, now: datetime) -> bool:
    """Take one attempt; False means locked: refuse without evaluating. Commit before evaluating.

    The statement that takes the fifth slot sets the lock itself.
    """
    row = {"subject": subject, "slots": 1, "level": 0}
    locked = {f"until_{level}": now + delay for level, delay in enumerate(DELAYS)}
    return tx.execute(TAKE_SLOT[tx.dialect.name], {**row, **locked, "now": now}).first() is not None


def clear(tx: Transaction, subject: str) -> None:
    """The attempt was right."""
    tx.execute(update(locks).where(locks.c.subject == subject).values(slots=0, level=0, locked_until=None))


def give_back(tx: Transaction, subject: str) -> None:
    """The attempt was never evaluated: its slot is free again, and the lock that it set is gone."""
    tx.execute(
        update(locks)
        .where(locks.c.subject == subject, locks.c.slots > 0)
        .values(
            slots=locks.c.slots - 1,
            locked_until=case((locks.c.slots >= SLOTS, null()), else_=locks.c.locked_until),
        )
    )


def count(tx: Transaction, subject: str, *, at_most: int, window: timedelta, now: datetime) -> bool:
    """Count one of so many in a window of time that the first one opens; False when they are used up.

    Its rows keep the end of the window as `locked_until`; they are not rows of `take_slot`.
    """
    row = {"subject": subject, "slots": 1, "level": 0, "locked_until": now + window}
    return tx.execute(COUNT[tx.dialect.name], {**row, "at_most": at_most, "now": now}).first() is not None


def uncount(tx: Transaction, subject: str) -> None:
    """What was counted was right: one less, and only one, since the others stay what they were."""
    tx.execute(
        update(locks).where(locks.c.subject == subject, locks.c.slots > 0).values(slots=locks.c.slots - 1)
    )


def slots_left(tx: Transaction, subject: str, *, now: datetime) -> int:
    """Attempts before the next lock; 0 while locked. For the owner's own devices only."""
    row = tx.execute(select(locks.c.slots, locks.c.locked_until).where(locks.c.subject == subject)).first()
    if row is None:
        return SLOTS
    if row.locked_until is not None:
        return 0 if row.locked_until > now else SLOTS
    return SLOTS - int(row.slots)


def _first_or(dialect: Any, *, where: ColumnElement[bool], **next_: ColumnElement[Any]) -> Insert:
    """Adds a row, or sets `next_` in the one that is there; returns none where `where` does not hold for that."""
    statement: Insert = (
        dialect.insert(locks)
        .on_conflict_do_update(index_elements=[locks.c.subject], set_=next_, where=where)
        .returning(locks.c.subject)
    )
    return statement


def _take_slot(dialect: Any) -> Insert:
    waited = locks.c.locked_until.is_not(None)  # together with `where`: a lock that has run out
    until = case(
        {level: bindparam(f"until_{level}", type_=UtcTime) for level in range(len(DELAYS))},
        value=locks.c.level,
    )
    return _first_or(
        dialect,
        where=or_(locks.c.locked_until.is_(None), locks.c.locked_until <= bindparam("now")),
        slots=case((waited, 1), else_=locks.c.slots + 1),
        level=case((waited & (locks.c.level < LEVEL_MAX), locks.c.level + 1), else_=locks.c.level),
        locked_until=case((~waited & (locks.c.slots + 1 >= SLOTS), until), else_=null()),
    )


def _count(dialect: Any) -> Insert:
    new = dialect.insert(locks)
    begins = or_(locks.c.locked_until.is_(None), locks.c.locked_until <= bindparam("now"))
    return _first_or(
        dialect,
        where=or_(begins, locks.c.slots < bindparam("at_most")),
        slots=case((begins, 1), else_=locks.c.slots + 1),
        locked_until=case((begins, new.excluded.locked_until), else_=locks.c.locked_until),
    )


TAKE_SLOT = {"postgresql": _take_slot(postgresql), "sqlite": _take_slot(sqlite)}
COUNT = {"postgresql": _count(postgresql), "sqlite": _count(sqlite)}
