"""Carts whose time ran out. Nothing waits for this: scans and checkouts look at the time themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from backend.carts.tables import carts
from backend.clock import Ids
from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.inventory import reservations

WORTH_TELLING = timedelta(hours=1)


def expire_due(tx: Transaction, *, ids: Ids, now: datetime, limit: int = 100) -> int:
    """Gives the goods of expired carts back, of about `limit` lines at a time, and tells their shoppers.

    Returns how many carts it were.
    """
    told = []
    for cart_id in reservations.carts_due(tx, now=now, limit=limit):
        ended = tx.execute(
            update(carts)
            .where(carts.c.id == cart_id, carts.c.state.in_(["open", "frozen"]), carts.c.expires_at <= now)
            .values(state="expired")
            .returning(carts.c.shopper_id)
        ).scalar_one_or_none()
        if ended is None:
            continue
        pieces = reservations.release_cart(tx, cart_id)
        told.append(
            Happening(
                ids.uuid7(),
                Kind.RESERVATION_EXPIRED,
                subject=cart_id,
                payload={"cart_id": cart_id, "pieces": pieces},
                shopper_id=ended,
                expires_at=now + WORTH_TELLING,
            )
        )
    outbox.add(tx, told, now=now)
    return len(told)
