"""Carts whose time ran out. Nothing waits for this: scans and checkouts look at the time themselves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from backend.carts.tables import carts
from backend.db.transaction import Transaction
from backend.inventory import reservations


def expire_due(tx: Transaction, *, now: datetime, limit: int = 100) -> int:
    """Gives the goods of expired carts back, of about `limit` lines at a time, and returns how many carts."""
    expired = 0
    for cart_id in reservations.carts_due(tx, now=now, limit=limit):
        ended = tx.execute(
            update(carts)
            .where(carts.c.id == cart_id, carts.c.state.in_(["open", "frozen"]), carts.c.expires_at <= now)
            .values(state="expired")
        ).rowcount
        if ended == 1:
            reservations.release_cart(tx, cart_id)
            expired += 1
    return expired
