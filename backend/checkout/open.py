"""Freeze a cart and its prices: from here on nothing about the checkout changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from backend.authorization.context import Context
from backend.authorization.evidence import Evidence
from backend.carts.cart import CartLine
from backend.carts.discounts import Discount
from backend.carts.freeze import freeze, thaw
from backend.checkout import coupons
from backend.checkout.tables import checkouts
from backend.clock import Ids
from backend.db.schema import UtcTime, stands
from backend.db.transaction import Transaction
from backend.errors import Refusal

FIND = select(checkouts).where(
    checkouts.c.id == bindparam("checkout"), checkouts.c.shopper_id == bindparam("shopper")
)


OPEN = insert(checkouts).returning(checkouts)
DUE = select(checkouts.c.id, checkouts.c.cart_id, checkouts.c.cart_expires_at).where(
    stands(checkouts.c.state, "open"), checkouts.c.expires_at <= bindparam("now", type_=UtcTime)
)
FIRST_DUE = DUE.order_by(checkouts.c.expires_at).limit(1)
IN_THE_WAY = DUE.where(or_(checkouts.c.cart_id == bindparam("cart"), checkouts.c.id.in_(coupons.HOLDERS)))


@dataclass(frozen=True, slots=True)
class Checkout:
    id: str
    cart_id: str
    shopper_id: str
    device_id: str
    store_id: str
    store_code: str
    channel: str
    state: str
    lines: tuple[Mapping[str, Any], ...]
    discounts: tuple[Mapping[str, Any], ...]
    total_minor: int
    currency: str
    cart_hash: str
    evidence: tuple[Evidence, ...]
    grant_jti: str | None
    grant_state: str | None
    grant_expires_at: datetime | None
    created_at: datetime
    expires_at: datetime
    cart_expires_at: datetime

    @property
    def context(self) -> Context:
        return Context(self.channel, self.id, self.shopper_id, self.store_id, self.total_minor, self.currency)


@dataclass(frozen=True, slots=True)
class OpenCheckout:
    cart_id: str
    shopper_id: str
    device_id: str
    channel: str = "phone"
    seen_minor: int | None = None  # the total that the shopper agreed to; more is asked for first


def open_checkout(
    tx: Transaction, command: OpenCheckout, *, lifetime: timedelta, ids: Ids, now: datetime
) -> Checkout:
    """Raises Refusal cart_not_found, cart_empty, cart_expired, cart_frozen, cart_changed, coupon_used_up."""
    put_away_expired(tx, now=now, before=command.cart_id)
    until = now + lifetime
    cart, cart_until = freeze(tx, command.cart_id, command.shopper_id, until=until, now=now)
    if command.seen_minor is not None and cart.total_minor > command.seen_minor:
        raise Refusal("cart_changed", changes=[], total_minor=cart.total_minor)
    checkout_id = ids.uuid7()
    values = {
        "id": checkout_id,
        "cart_id": cart.id,
        "shopper_id": command.shopper_id,
        "device_id": command.device_id,
        "store_id": cart.store_id,
        "store_code": cart.store_code,
        "channel": command.channel,
        "state": "open",
        "lines": [frozen_line(line) for line in cart.lines],
        "discounts": [frozen_discount(discount) for discount in cart.discounts],
        "total_minor": cart.total_minor,
        "currency": cart.currency,
        "cart_hash": cart.hash,
        "evidence": [],
        "created_at": now,
        "expires_at": until,
        "cart_expires_at": cart_until,
    }
    opened = from_row(tx.execute(OPEN, values).mappings().one())
    if any(discount.by_coupon for discount in cart.discounts):
        coupons.take(tx, cart.id, command.shopper_id, checkout_id)
    return opened


def frozen_discount(discount: Discount) -> dict[str, Any]:
    return {
        "id": discount.id,
        "name_en": discount.name_en,
        "name_ar": discount.name_ar,
        "amount_minor": discount.amount_minor,
    }


def frozen_line(line: CartLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "sku": line.sku,
        "name_en": line.name_en,
        "name_ar": line.name_ar,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "gross_minor": line.gross_minor,
        "vat_rate_bp": line.vat_rate_bp,
        "vat_minor": line.vat_minor,
        "discount_minor": line.discount_minor,
        "age_min": line.age_min,
    }


def find(tx: Transaction, checkout_id: str, shopper_id: str) -> Checkout:
    """Another shopper's checkout does not exist for this one. Raises Refusal checkout_not_found."""
    row = tx.execute(FIND, {"checkout": checkout_id, "shopper": shopper_id}).mappings().first()
    if row is None:
        raise Refusal("checkout_not_found")
    return from_row(row)


def find_open(
    tx: Transaction, checkout_id: str, shopper_id: str, device_id: str, *, now: datetime
) -> Checkout:
    """The checkout that this device opened and that is still undecided.

    Raises Refusal checkout_not_found, checkout_not_open, checkout_expired.
    """
    checkout = find(tx, checkout_id, shopper_id)
    if checkout.device_id != device_id:
        raise Refusal("checkout_not_found")
    over = checkout.state == "open" and checkout.expires_at <= now
    if over or checkout.state == "expired":  # whether it is put away by now is nothing to the shopper
        raise Refusal("checkout_expired")
    if checkout.state != "open":
        raise Refusal("checkout_not_open", state=checkout.state)
    return checkout


def from_row(row: Mapping[Any, Any]) -> Checkout:
    return Checkout(
        id=row["id"],
        cart_id=row["cart_id"],
        shopper_id=row["shopper_id"],
        device_id=row["device_id"],
        store_id=row["store_id"],
        store_code=row["store_code"],
        channel=row["channel"],
        state=row["state"],
        lines=tuple(row["lines"]),
        discounts=tuple(row["discounts"]),
        total_minor=row["total_minor"],
        currency=row["currency"],
        cart_hash=row["cart_hash"],
        evidence=tuple(Evidence.from_json(stored) for stored in row["evidence"]),
        grant_jti=row["grant_jti"],
        grant_state=row["grant_state"],
        grant_expires_at=row["grant_expires_at"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        cart_expires_at=row["cart_expires_at"],
    )


def cancel(tx: Transaction, checkout_id: str, shopper_id: str, *, now: datetime) -> None:
    """The cart is the shopper's again; a grant that was issued is void. Raises Refusal checkout_not_open."""
    checkout = find(tx, checkout_id, shopper_id)
    if not close(tx, checkout.id, "cancelled"):
        raise Refusal("checkout_not_open", state=checkout.state)
    thaw(tx, checkout.cart_id, until=checkout.cart_expires_at, now=now)


def close(tx: Transaction, checkout_id: str, state: str) -> bool:
    """It gives its coupon back. False if it was decided already."""
    values = {"state": state, "grant_state": "void"}
    closed = tx.execute(
        update(checkouts)
        .where(checkouts.c.id == checkout_id, stands(checkouts.c.state, "open"))
        .values(values)
    ).rowcount
    if closed == 1:
        coupons.give_back(tx, checkout_id)
    return closed == 1


def put_away_expired(tx: Transaction, *, now: datetime, before: str | None = None) -> int:
    """A checkout that ran out of time; correctness does not wait for this, it only tidies.

    before: a cart that is to be paid; all that is in its way, as its own checkout or a holder of its coupon.
    """
    in_the_way = (IN_THE_WAY, {"now": now, "cart": before})
    rows = tx.execute(*(in_the_way if before else (FIRST_DUE, {"now": now}))).all()
    for row in sorted(rows, key=lambda row: row.id):  # locks are taken in one order
        if close(tx, row.id, "expired"):
            thaw(tx, row.cart_id, until=row.cart_expires_at, now=now)
    return len(rows)
