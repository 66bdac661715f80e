"""Why the counted pieces changed: rows that are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backend.clock import Ids
from backend.db.rows import insert_rows
from backend.db.transaction import Transaction
from backend.inventory.tables import stock_movements

Reason = Literal["received", "sold", "returned", "counted"]


@dataclass(frozen=True, slots=True)
class Move:
    store_id: str
    sku: str
    delta: int


def record(
    tx: Transaction, moves: Sequence[Move], reason: Reason, *, reference: str, ids: Ids, now: datetime
) -> None:
    """A move of nothing leaves no row. reference: the import, checkout or refund."""
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
