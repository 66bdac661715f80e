"""How much one may have: of everything, and of what the shop keeps short."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from backend.carts.cart import Cart, CartLine
from backend.carts.tables import carts
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.products import Product
from backend.inventory.stores import Store
from backend.inventory.tables import reservations

LINE_PIECES_MAX = 20
LINES_MAX = 50
PIECES_MAX = 100
DAY = timedelta(hours=24)


def refuse_beyond_limits(cart: Cart, line: CartLine | None, quantity: int) -> None:
    """Whether `line` (None: a new one) may have `quantity` pieces.

    Raises Refusal line_limit, cart_limit (lines) or pieces_limit, each with its `limit`.
    """
    if quantity > LINE_PIECES_MAX:
        raise Refusal("line_limit", limit=LINE_PIECES_MAX)
    if line is None and len(cart.lines) >= LINES_MAX:
        raise Refusal("cart_limit", limit=LINES_MAX)
    if cart.pieces - (line.quantity if line else 0) + quantity > PIECES_MAX:
        raise Refusal("pieces_limit", limit=PIECES_MAX)


def refuse_restricted_age(product: Product, store: Store) -> None:
    """Raises Refusal age_restricted where the store sells nothing of the kind; elsewhere staff look."""
    if product.age_min is not None and store.age_mode == "refuse":
        raise Refusal("age_restricted", age_min=product.age_min)


def refuse_scarce(
    tx: Transaction, cart: Cart, goods: Product | CartLine, *, more: int, now: datetime
) -> None:
    """Whether the cart may have `more` pieces of what the shop keeps short. Raises Refusal product_limit."""
    if goods.cart_max is not None:
        in_cart = sum(line.quantity for line in cart.lines if line.sku == goods.sku)
        if in_cart + more > goods.cart_max:
            raise Refusal("product_limit", sku=goods.sku, limit=goods.cart_max, per="cart")
    if goods.day_max is not None and _had(tx, cart.shopper_id, goods.sku, now=now) + more > goods.day_max:
        raise Refusal("product_limit", sku=goods.sku, limit=goods.day_max, per="day")


def _had(tx: Transaction, shopper_id: str, sku: str, *, now: datetime) -> int:
    """Pieces that the shopper's carts of the last 24 h bought or still hold, in every store."""
    pieces = (
        select(func.coalesce(func.sum(reservations.c.quantity), 0))
        .join(carts, carts.c.id == reservations.c.cart_id)
        .where(carts.c.shopper_id == shopper_id, reservations.c.sku == sku)
        .where(reservations.c.state.in_(["live", "sold"]), reservations.c.expires_at > now - DAY)
    )
    return int(tx.execute(pieces).scalar_one())
