"""Who did what: rows that are only ever added, each holding the hash of the one before.

Writers add entries without a hash, so no payment waits for a global lock; the worker links them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, String, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.schema import Id, Json, UtcTime, metadata
from backend.db.transaction import Transaction

GENESIS = "0" * 64
ROWS_AT_ONCE = 5_000

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(64), nullable=False),  # "shopper:ID", "staff:ID", "system"
    Column("action", String(60), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("details", Json, nullable=False),  # never a secret, a picture, a name
    Column("position", BigInteger().with_variant(Integer, "sqlite"), unique=True),
    Column("hash", String(64)),
)


def record(
    tx: Transaction,
    *,
    entry_id: str,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """False if an entry with this id is there already."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    added = tx.execute(
        dialect.insert(audit_entries)
        .values(id=entry_id, at=at, actor=actor, action=action, subject=subject, details=dict(details or {}))
        .on_conflict_do_nothing(index_elements=["id"])
        .returning(audit_entries.c.id)  # psycopg counts no rows of such an insert
    )
    return added.first() is not None


def is_due(tx: Transaction) -> bool:
    """Whether there are entries that `chain` would link."""
    unlinked = select(audit_entries.c.id).where(audit_entries.c.position.is_(None)).limit(1)
    return tx.execute(unlinked).first() is not None


def chain(tx: Transaction, *, limit: int = 500) -> int:
    """Link up to `limit` new entries; returns how many. Run by one caller at a time."""
    last = tx.execute(
        select(audit_entries.c.position, audit_entries.c.hash)
        .where(audit_entries.c.position.is_not(None))
        .order_by(audit_entries.c.position.desc())
        .limit(1)
    ).first()
    position, previous = (last.position, last.hash) if last else (0, GENESIS)
    new = tx.execute(
        select(audit_entries)
        .where(audit_entries.c.position.is_(None))
        .order_by(audit_entries.c.id)
        .limit(limit)
    ).mappings()
    count = 0
    for count, entry in enumerate(new.all(), start=1):
        previous = link(previous, entry)
        tx.execute(
            update(audit_entries)
            .where(audit_entries.c.id == entry["id"])
            .values(position=position + count, hash=previous)
        )
    return count


@dataclass(frozen=True, slots=True)
class Broken:
    entry_id: str
    position: int  # where it should stand
    found: str


def first_broken(tx: Transaction, *, since: datetime | None = None) -> Broken | None:
    """The first entry whose place or hash does not follow, or None if the chain holds.

    since: the links before it are believed; the entry that came last before it is where to begin.
    """
    chained = select(audit_entries).where(audit_entries.c.position.is_not(None))
    position, previous = 0, GENESIS
    if since is not None:
        known = chained.where(audit_entries.c.at < since).order_by(audit_entries.c.position.desc()).limit(1)
        if (last := tx.execute(known).first()) is not None:
            position, previous = last.position, last.hash
    new = chained.where(audit_entries.c.position > position).order_by(audit_entries.c.position)
    with tx.execute(new, execution_options={"yield_per": ROWS_AT_ONCE}) as rows:
        for expected, entry in enumerate(rows.mappings(), start=position + 1):
            previous = link(previous, entry)
            if entry["position"] != expected or entry["hash"] != previous:
                return Broken(entry["id"], expected, f"position {entry['position']}, another hash")
    return None


def link(previous: str, entry: Mapping[Any, Any]) -> str:
    """SHA-256 over the previous hash and the entry's canonical JSON."""
    content = json.dumps(
        [
            entry["id"],
            entry["at"].isoformat(),
            entry["actor"],
            entry["action"],
            entry["subject"],
            entry["details"],
        ],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()
