"""A checkout takes a cart and gives it back; in between nothing about the cart changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, exists, update

from backend.carts.cart import Cart, refuse_unopen, view
from backend.carts.prices import adopt_current, refuse_risen
from backend.carts.tables import carts
from backend.db.schema import stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations


def freeze(
    tx: Transaction, cart_id: str, shopper_id: str, *, until: datetime, now: datetime
) -> tuple[Cart, datetime]:
    """The cart as it is to be paid, and until when it was held before.

    Prices that fell are taken over, the goods are held until `until` or as long as before, whichever is later.
    Raises Refusal cart_empty, cart_changed (a price rose or a product went; with `changes`), cart_expired,
    cart_frozen, cart_not_found (also for another shopper's cart).
    """
    theirs = and_(carts.c.id == cart_id, carts.c.shopper_id == shopper_id)
    is_open = and_(stands(carts.c.state, "open"), carts.c.expires_at > now)
    if tx.execute(update(carts).where(theirs, is_open).values(state="frozen")).rowcount != 1:
        refuse_unopen(tx, cart_id, shopper_id)
    cart = view(tx, cart_id, now=now)
    if not cart.lines:
        raise Refusal("cart_empty")
    refuse_risen(cart)
    before, until = cart.expires_at, max(until, cart.expires_at)
    if adopt_current(tx, cart):
        cart = view(tx, cart_id, now=now)
    if not hold(tx, cart_id, until=until, lines=len(cart.lines)):
        raise Refusal("cart_expired")
    return replace(cart, expires_at=until), before


def hold(tx: Transaction, cart_id: str, *, until: datetime, lines: int) -> bool:
    """A frozen cart of so many lines and its goods last until then. False: some are gone, and the caller undoes it."""
    held = tx.execute(
        update(carts).where(carts.c.id == cart_id, stands(carts.c.state, "frozen")).values(expires_at=until)
    ).rowcount
    return held == 1 and reservations.hold(tx, cart_id, until) == lines


def thaw(tx: Transaction, cart_id: str, *, until: datetime, now: datetime) -> bool:
    """After a cancelled checkout the cart is open again, its goods held until then.

    False where the time had run out, or a fresh cart was begun since: then it is put away and its goods go
    back. The caller knows that the cart was not paid.
    """
    fresh = carts.alias("fresh")
    begun = exists().where(
        fresh.c.shopper_id == carts.c.shopper_id,
        fresh.c.store_id == carts.c.store_id,
        stands(fresh.c.state, "open"),
    )
    this = and_(carts.c.id == cart_id, stands(carts.c.state, "frozen"))
    thawed = tx.execute(
        update(carts).where(this, carts.c.expires_at > now, ~begun).values(state="open", expires_at=until)
    ).rowcount
    lines = len(view(tx, cart_id, now=now).lines)
    if thawed == 1 and reservations.hold(tx, cart_id, until) == lines:
        return True
    put_away(tx, cart_id)
    return False


def put_away(tx: Transaction, cart_id: str) -> None:
    tx.execute(update(carts).where(carts.c.id == cart_id, carts.c.state != "expired").values(state="expired"))
    reservations.release_carts(tx, cart_id)
