"""What a shopper does to an open cart besides scanning."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, update

from backend.carts.cart import (
    EXTENSIONS_MAX,
    Cart,
    line_of,
    lock_open,
    view,
)
from backend.carts.limits import refuse_beyond_limits, refuse_scarce
from backend.carts.tables import cart_lines, carts
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations


def set_quantity(
    tx: Transaction, cart_id: str, line_id: str, *, shopper_id: str, quantity: int, now: datetime
) -> Cart:
    """Raises Refusal line_not_found, out_of_stock, line_limit, pieces_limit, product_limit, or as `lock_open`."""
    assert quantity > 0, "taking a line out is `remove`"
    lock_open(tx, cart_id, shopper_id, now=now)
    cart = view(tx, cart_id, now=now)
    line = line_of(cart, line_id)
    refuse_beyond_limits(cart, line, quantity)
    if quantity > line.quantity:
        refuse_scarce(tx, cart, line, more=quantity - line.quantity, now=now)
    reservations.resize(tx, line_id=line_id, quantity=quantity, now=now)
    tx.execute(update(cart_lines).where(cart_lines.c.id == line_id).values(quantity=quantity))
    return view(tx, cart_id, now=now)


def remove(tx: Transaction, cart_id: str, line_id: str, *, shopper_id: str, now: datetime) -> Cart:
    """Raises Refusal line_not_found, or as `lock_open`."""
    lock_open(tx, cart_id, shopper_id, now=now)
    line_of(view(tx, cart_id, now=now), line_id)
    tx.execute(delete(cart_lines).where(cart_lines.c.id == line_id))
    reservations.release(tx, line_id)
    return view(tx, cart_id, now=now)


def empty(tx: Transaction, cart_id: str, *, shopper_id: str, now: datetime) -> Cart:
    """Everything goes back to the shelf; the cart stays open."""
    lock_open(tx, cart_id, shopper_id, now=now)
    tx.execute(delete(cart_lines).where(cart_lines.c.cart_id == cart_id))
    reservations.release_carts(tx, cart_id)
    return view(tx, cart_id, now=now)


def extend(tx: Transaction, cart_id: str, *, shopper_id: str, lifetime: timedelta, now: datetime) -> Cart:
    """Hold the goods for `lifetime` from now on. Raises Refusal extension_limit, or as `lock_open`."""
    lock_open(tx, cart_id, shopper_id, now=now)
    until = now + lifetime
    extended = tx.execute(
        update(carts)
        .where(carts.c.id == cart_id, carts.c.extensions < EXTENSIONS_MAX)
        .values(extensions=carts.c.extensions + 1, expires_at=until)
    ).rowcount
    if extended != 1:
        raise Refusal("extension_limit", limit=EXTENSIONS_MAX)
    cart = view(tx, cart_id, now=now)
    if reservations.hold(tx, cart_id, until) != len(cart.lines):
        raise Refusal("cart_expired")
    return cart
