"""Agreed prices against today's: what fell passes on, what rose asks for a new look."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from backend.carts.cart import Cart, lock_open, view
from backend.carts.tables import cart_lines
from backend.db.transaction import Transaction
from backend.errors import Refusal


def accept_prices(tx: Transaction, cart_id: str, *, shopper_id: str, now: datetime) -> Cart:
    """The shopper has looked: today's prices are the agreed ones. What is no longer sold stays.

    Raises Refusal as `lock_open`.
    """
    lock_open(tx, cart_id, shopper_id, now=now)
    adopt_current(tx, view(tx, cart_id, now=now))
    return view(tx, cart_id, now=now)


def adopt_current(tx: Transaction, cart: Cart) -> bool:
    """False: nothing was to be done."""
    changed = [
        line
        for line in cart.lines
        if line.current_price_minor is not None
        and (line.unit_price_minor, line.vat_rate_bp) != (line.current_price_minor, line.current_vat_rate_bp)
    ]
    for line in changed:
        tx.execute(
            update(cart_lines)
            .where(cart_lines.c.id == line.id)
            .values(unit_price_minor=line.current_price_minor, vat_rate_bp=line.current_vat_rate_bp)
        )
    return bool(changed)


def refuse_risen(cart: Cart) -> None:
    """Raises Refusal cart_changed with `changes`: the lines that cost more now or are no longer sold."""
    changes = [
        {
            "line_id": line.id,
            "sku": line.sku,
            "unit_price_minor": line.unit_price_minor,
            "current_price_minor": line.current_price_minor,
        }
        for line in cart.lines
        if line.current_price_minor is None or line.current_price_minor > line.unit_price_minor
    ]
    if changes:
        raise Refusal("cart_changed", changes=changes)
