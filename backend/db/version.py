"""Which migration a database stands at, and which one it should; cheap enough for every start."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect, text

from backend.db.transaction import Transaction

MIGRATIONS = Path(__file__).parent / "migrations"


def current(tx: Transaction) -> str | None:
    """None: nothing was ever migrated here."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    found = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def newest(history: str) -> str:
    """history: `main`, or `keys` for the store of wrapped per-shopper keys."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / history).glob("[0-9]*_*.py"))
