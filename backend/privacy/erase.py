"""Erase a face: the key is destroyed first, so that no copy of a template opens, and the rows go after."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from backend.checkout import face_step
from backend.clock import Ids
from backend.db import audit, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Runner, Transaction
from backend.errors import Refusal
from backend.faces import vault
from backend.faces.tables import templates
from backend.identity import consents


def withdraw_face_consent(shopper_id: str, *, run: Runner, keys: Runner, ids: Ids, now: datetime) -> None:
    """Without consent no template comes in any more; then everything goes that was stored because of it."""
    run(lambda tx: consents.withdraw(tx, shopper_id, now=now, ids=ids))
    erase_face(shopper_id, run=run, keys=keys, ids=ids, now=now)


def erase_face(shopper_id: str, *, run: Runner, keys: Runner, ids: Ids, now: datetime) -> None:
    """May be repeated, also after a crash half-way. The consent stays.

    Raises Refusal database_busy: erased, but a reader still holds the old log; repeat until it succeeds.
    """
    gone = vault.destroy_key(keys, shopper_id)

    def rows(tx: Transaction) -> None:
        face_step.void_proofs(tx, shopper_id)
        erased = vault.delete_templates(tx, shopper_id)
        if erased == 0:
            return
        audit.record(
            tx,
            entry_id=ids.uuid7(),
            at=now,
            actor=f"shopper:{shopper_id}",
            action="face.erased",
            subject=shopper_id,
            details={"templates": erased},
        )
        happening = Happening(ids.uuid7(), Kind.FACE_ERASED, shopper_id, shopper_id=shopper_id)
        outbox.add(tx, [happening], now=now)

    run(rows)
    if not gone:
        raise Refusal("database_busy", retry_after_s=1)


def finish_withdrawals(*, run: Runner, keys: Runner, ids: Ids, now: datetime, limit: int = 20) -> int:
    """Erase what a withdrawal that was cut off has left: templates of up to so many shoppers without consent."""
    without = select(templates.c.shopper_id).distinct().where(~consents.stands(templates.c.shopper_id))
    left = run.read(lambda tx: tx.execute(without.limit(limit)).scalars().all())
    for shopper_id in left:
        erase_face(shopper_id, run=run, keys=keys, ids=ids, now=now)
    return len(left)
