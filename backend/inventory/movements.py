"""Why the counted pieces changed: rows that are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from backend.clock import Ids
from backend.db.rows import insert_rows
from backend.db.transaction import Transaction
from backend.inventory.tables import stock_movements

Reason = Literal["received", "sold", "returned", "counted", "written_off", "moved_in", "moved_out"]


@dataclass(frozen=True, slots=True)
class Move:
    store_id: str
    sku: str
    delta: int


@dataclass(frozen=True, slots=True)
class Movement:
    delta: int
    reason: Reason
    reference: str
    at: datetime


def record(
    tx: Transaction, moves: Sequence[Move], reason: Reason, *, reference: str, ids: Ids, now: datetime
) -> None:
    """A move of nothing leaves no row. reference: the import, checkout, refund or act."""
    rows = [
        {
            "id": ids.uuid7(),
            "store_id": move.store_id,
            "sku": move.sku,
            "delta": move.delta,
            "reason": reason,
            "reference": reference,
            "at": now,
        }
        for move in moves
        if move.delta
    ]
    insert_rows(tx, (stock_movements, rows))


def latest(tx: Transaction, store_id: str, sku: str, *, limit: int = 50) -> list[Movement]:
    """The newest first."""
    moves = stock_movements.c
    rows = tx.execute(
        select(moves.delta, moves.reason, moves.reference, moves.at)
        .where(moves.store_id == store_id, moves.sku == sku)
        .order_by(moves.at.desc(), moves.id.desc())
        .limit(limit)
    )
    return [Movement(*row) for row in rows]
