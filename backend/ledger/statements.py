"""What a shopper sees of the own wallet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from backend.db.transaction import Transaction
from backend.ledger.accounts import account_id
from backend.ledger.tables import entries, postings

ENTRIES_MAX = 100


@dataclass(frozen=True, slots=True)
class StatementLine:
    id: str
    at: datetime
    kind: str
    amount_minor: int
    reference: str


def wallet_entries(
    tx: Transaction, shopper_id: str, currency: str, *, limit: int = ENTRIES_MAX
) -> list[StatementLine]:
    """Newest first."""
    rows = tx.execute(
        select(entries.c.id, postings.c.at, postings.c.kind, entries.c.amount_minor, postings.c.reference)
        .join(postings, postings.c.id == entries.c.posting_id)
        .where(entries.c.account_id == account_id("wallet", shopper_id, currency))
        .order_by(entries.c.id.desc())
        .limit(limit)
    )
    return [StatementLine(*row) for row in rows]
