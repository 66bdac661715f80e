"""A posting is the balanced set of entries of one event. This is the only writer of entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend.clock import Ids
from backend.db.rows import New, insert_rows
from backend.db.transaction import Transaction
from backend.ledger.accounts import account_id
from backend.ledger.tables import entries, postings


@dataclass(frozen=True, slots=True)
class Entry:
    kind: str  # of the account
    owner: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Posting:
    """`reference` is unique per kind: the same event cannot be posted twice."""

    kind: str
    reference: str
    store_id: str
    actor: str
    currency: str
    entries: Sequence[Entry]


def post(tx: Transaction, posting: Posting, *, ids: Ids, now: datetime) -> str:
    """Write posting and entries; wallets' balances are the caller's conditional update."""
    posting_id, rows = drawn_up(posting, ids=ids, now=now)
    insert_rows(tx, *rows)
    return posting_id


def drawn_up(posting: Posting, *, ids: Ids, now: datetime) -> tuple[str, tuple[New, New]]:
    """The posting's id and its rows, for a caller who writes others with them."""
    assert sum(entry.amount_minor for entry in posting.entries) == 0, posting
    posting_id = ids.uuid7()
    row = {
        "id": posting_id,
        "kind": posting.kind,
        "reference": posting.reference,
        "store_id": posting.store_id,
        "actor": posting.actor,
        "at": now,
    }
    moved = [
        {
            "id": ids.uuid7(),
            "posting_id": posting_id,
            "account_id": account_id(entry.kind, entry.owner, posting.currency),
            "amount_minor": entry.amount_minor,
            "currency": posting.currency,
        }
        for entry in posting.entries
        if entry.amount_minor != 0
    ]
    return posting_id, ((postings, [row]), (entries, moved))
