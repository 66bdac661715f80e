"""The end of a store's day: the till is counted and emptied into the safe, and what differs is booked.

What the till owes is the sum of its entries at the moment of the closing, so that cash which arrives meanwhile belongs
to the next one and nothing is left out or taken twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, insert, select

from backend.clock import Ids
from backend.db import audit
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.ledger.accounts import account_id, open_store_accounts
from backend.ledger.postings import Entry, Posting, post
from backend.ledger.tables import accounts, closings, entries, postings

SHOWN_MAX = 31


@dataclass(frozen=True, slots=True)
class CloseDay:
    store_id: str
    currency: str
    day: date  # of the store's calendar
    today: date
    counted_minor: int
    staff_id: str


@dataclass(frozen=True, slots=True)
class Closing:
    id: str
    day: date
    expected_minor: int
    counted_minor: int
    staff_id: str
    at: datetime

    @property
    def difference_minor(self) -> int:
        """Below zero: cash is missing."""
        return self.counted_minor - self.expected_minor


@dataclass(frozen=True, slots=True)
class Till:
    expected_minor: int
    moved_minor: dict[str, int]  # into the till, by kind of posting, since it was emptied


def till(tx: Transaction, store_id: str, currency: str) -> Till:
    last = tx.execute(
        select(func.max(closings.c.at)).where(closings.c.store_id == store_id)
    ).scalar_one_or_none()
    since = [] if last is None else [postings.c.at > last]
    rows = tx.execute(
        select(postings.c.kind, func.sum(-entries.c.amount_minor))
        .join(entries, entries.c.posting_id == postings.c.id)
        .where(entries.c.account_id == _cash(store_id, currency), postings.c.kind != "closing", *since)
        .group_by(postings.c.kind)
        .order_by(postings.c.kind)
    )
    return Till(_owed_minor(tx, store_id, currency), {kind: int(minor) for kind, minor in rows})


def close_day(tx: Transaction, command: CloseDay, *, ids: Ids, now: datetime) -> Closing:
    """Raises Refusal closing_done for a day up to the last closed one, closing_early for one to come."""
    if command.day > command.today:
        raise Refusal("closing_early", today=command.today.isoformat())
    open_store_accounts(tx, command.store_id, command.currency)
    _one_at_a_time(tx, command.store_id, command.currency)
    last = tx.execute(
        select(func.max(closings.c.day)).where(closings.c.store_id == command.store_id)
    ).scalar_one_or_none()
    if last is not None and command.day <= last:
        raise Refusal("closing_done", last=last.isoformat())
    expected_minor = _owed_minor(tx, command.store_id, command.currency)
    closing = Closing(ids.uuid7(), command.day, expected_minor, command.counted_minor, command.staff_id, now)
    tx.execute(
        insert(closings).values(
            id=closing.id,
            store_id=command.store_id,
            day=command.day,
            currency=command.currency,
            expected_minor=expected_minor,
            counted_minor=command.counted_minor,
            posting_id=_book(tx, command, closing, ids=ids, now=now),
            staff_id=command.staff_id,
            at=now,
        )
    )
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=f"staff:{command.staff_id}",
        action="till.closed",
        subject=closing.id,
        details={"expected_minor": expected_minor, "counted_minor": command.counted_minor},
    )
    return closing


def closings_of(tx: Transaction, store_id: str, *, limit: int = SHOWN_MAX) -> list[Closing]:
    """The newest first."""
    columns = [closings.c[name] for name in Closing.__slots__]
    rows = tx.execute(
        select(*columns).where(closings.c.store_id == store_id).order_by(closings.c.day.desc()).limit(limit)
    )
    return [Closing(*row) for row in rows]


def _book(tx: Transaction, command: CloseDay, closing: Closing, *, ids: Ids, now: datetime) -> str | None:
    if closing.expected_minor == closing.counted_minor == 0:
        return None
    moved = (
        Entry("cash", command.store_id, closing.expected_minor),
        Entry("safe", command.store_id, -closing.counted_minor),
        Entry("difference", command.store_id, closing.difference_minor),
    )
    actor = f"staff:{command.staff_id}"
    posting = Posting("closing", closing.id, command.store_id, actor, command.currency, moved)
    return post(tx, posting, ids=ids, now=now)


def _one_at_a_time(tx: Transaction, store_id: str, currency: str) -> None:
    """Top-ups go on meanwhile: their entries only share the key of this row."""
    tx.execute(
        select(accounts.c.id)
        .where(accounts.c.id == _cash(store_id, currency))
        .with_for_update(key_share=True)
    ).one()


def _owed_minor(tx: Transaction, store_id: str, currency: str) -> int:
    total = select(func.coalesce(func.sum(entries.c.amount_minor), 0))
    return -int(tx.execute(total.where(entries.c.account_id == _cash(store_id, currency))).scalar_one())


def _cash(store_id: str, currency: str) -> str:
    return account_id("cash", store_id, currency)
