"""What was compared, when and with which result: for the owner to see; it holds no face data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert

from backend.clock import Ids
from backend.db.transaction import Transaction
from backend.faces.tables import face_attempts
from backend.faces.verify import FaceResult


def record(
    tx: Transaction, shopper_id: str, result: FaceResult, *, checkout_id: str | None, ids: Ids, now: datetime
) -> None:
    tx.execute(
        insert(face_attempts).values(
            id=ids.uuid7(),
            shopper_id=shopper_id,
            checkout_id=checkout_id,
            outcome="match" if result.matched else "no_match",
            probability_pct=result.probability_pct,
            model=result.model,
            at=now,
        )
    )
