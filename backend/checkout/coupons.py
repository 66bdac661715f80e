"""A coupon on a cart, used by its checkout, given back by one that is not paid.

Its limits are the database's: a CHECK on the coupon's count, and a numbered place for each use by one shopper.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.carts.cart import Cart, lock_open, view
from backend.carts.tables import cart_coupons, coupons, promotions
from backend.checkout.tables import coupon_uses
from backend.db.transaction import Transaction
from backend.errors import Refusal

HOLDERS = (  # checkouts that hold a use of this cart's coupon
    select(coupon_uses.c.checkout_id)
    .join(cart_coupons, cart_coupons.c.coupon_id == coupon_uses.c.coupon_id)
    .where(cart_coupons.c.cart_id == bindparam("cart"))
)
CODE = r"[A-Z0-9][A-Z0-9-]{2,30}[A-Z0-9]"


def put(tx: Transaction, cart_id: str, code: str, *, shopper_id: str, now: datetime) -> Cart:
    """In place of the one that the cart had.

    Raises Refusal coupon_unknown, coupon_not_yet, coupon_over, or as `lock_open`.
    """
    lock_open(tx, cart_id, shopper_id, now=now)
    coupon_id = _usable(tx, view(tx, cart_id, now=now).store_id, code, now=now)
    new = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(cart_coupons)
    tx.execute(
        new.values(cart_id=cart_id, coupon_id=coupon_id).on_conflict_do_update(
            index_elements=["cart_id"], set_={"coupon_id": coupon_id}
        )
    )
    return view(tx, cart_id, now=now)


def take_off(tx: Transaction, cart_id: str, *, shopper_id: str, now: datetime) -> Cart:
    """Raises Refusal as `lock_open`."""
    lock_open(tx, cart_id, shopper_id, now=now)
    tx.execute(delete(cart_coupons).where(cart_coupons.c.cart_id == cart_id))
    return view(tx, cart_id, now=now)


def take(tx: Transaction, cart_id: str, shopper_id: str, checkout_id: str) -> None:
    """Uses the cart's coupon for this checkout. Raises Refusal coupon_used_up."""
    the_carts = select(cart_coupons.c.coupon_id).where(cart_coupons.c.cart_id == cart_id).scalar_subquery()
    coupon = tx.execute(  # whoever uses the same coupon waits here
        update(coupons)
        .where(coupons.c.id == the_carts, coupons.c.uses < coupons.c.uses_max)
        .values(uses=coupons.c.uses + 1)
        .returning(coupons.c.id, coupons.c.per_shopper_max)
    ).one_or_none()
    if coupon is None:
        raise Refusal("coupon_used_up")
    hers = select(coupon_uses.c.n).where(
        coupon_uses.c.coupon_id == coupon.id, coupon_uses.c.shopper_id == shopper_id
    )
    used = set(tx.execute(hers).scalars())
    free = next((n for n in range(1, coupon.per_shopper_max + 1) if n not in used), None)
    if free is None:
        raise Refusal("coupon_used_up")
    tx.execute(
        insert(coupon_uses).values(
            checkout_id=checkout_id,
            coupon_id=coupon.id,
            shopper_id=shopper_id,
            n=free,
            per_shopper_max=coupon.per_shopper_max,
        )
    )


def give_back(tx: Transaction, checkout_id: str) -> None:
    """For a checkout that will not be paid any more; one that used no coupon gives none back."""
    used = delete(coupon_uses).where(coupon_uses.c.checkout_id == checkout_id)
    coupon_id = tx.execute(used.returning(coupon_uses.c.coupon_id)).scalar_one_or_none()
    if coupon_id:
        tx.execute(update(coupons).where(coupons.c.id == coupon_id).values(uses=coupons.c.uses - 1))


def _usable(tx: Transaction, store_id: str, code: str, *, now: datetime) -> str:
    row = tx.execute(
        select(coupons.c.id, promotions)
        .join(promotions, promotions.c.id == coupons.c.promotion_id)
        .where(coupons.c.code == code)
    ).first()
    if row is None or row.store_id not in (None, store_id):
        raise Refusal("coupon_unknown")
    if not row.active or (row.valid_to is not None and row.valid_to <= now):
        raise Refusal("coupon_over")
    if row.valid_from > now:
        raise Refusal("coupon_not_yet", valid_from=row.valid_from.isoformat())
    return str(row[0])
