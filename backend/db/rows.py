"""Many rows in one statement whose text does not depend on how many."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from backend.db.transaction import Transaction

DROPPED_MAX = 1_000  # at once: whoever waits to write waits no longer than for these


def drop_some(tx: Transaction, table: Table, condition: ColumnElement[bool]) -> int:
    """Delete up to DROPPED_MAX rows; how many."""
    key = table.primary_key.columns
    some = select(*key).where(condition).limit(DROPPED_MAX)
    return tx.execute(delete(table).where(tuple_(*key).in_(some))).rowcount
