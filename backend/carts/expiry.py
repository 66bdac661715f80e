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
    ended: dict[str, str] = {}  # every cart's row first, the shelf's rows after: the order of locks
    for cart_id in sorted(reservations.carts_due(tx, now=now, limit=limit)):
        shopper_id = tx.execute(
            update(carts)
            .where(carts.c.id == cart_id, carts.c.state.in_(["open", "frozen"]), carts.c.expires_at <= now)
            .values(state="expired")
            .returning(carts.c.shopper_id)
        ).scalar_one_or_none()
        if shopper_id:
            ended[cart_id] = shopper_id
    reservations.release_carts(tx, *ended)
    outbox.add(tx, [_told(ids.uuid7(), cart_id, ended[cart_id], now) for cart_id in ended], now=now)
    return len(ended)


def _told(happening_id: str, cart_id: str, shopper_id: str, now: datetime) -> Happening:
    return Happening(
        happening_id,
        Kind.RESERVATION_EXPIRED,
        subject=cart_id,
        payload={"cart_id": cart_id},
        shopper_id=shopper_id,
        expires_at=now + WORTH_TELLING,
    )
