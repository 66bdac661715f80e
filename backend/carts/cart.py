"""A shopper's cart in one store: its rules, its sums, and the hash that a payment is bound to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NoReturn

from sqlalchemy import ColumnElement, Row, and_, bindparam, or_, select, update

from backend.carts.discounts import Discount, Promotion, discounts
from backend.carts.promotions import code_of, from_json, running
from backend.carts.tables import cart_lines, carts
from backend.db.schema import UtcTime, stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.products import price_at
from backend.inventory.tables import products, reservations, stores
from backend.money import GrossLine, vat_per_line

EXTENSIONS_MAX = 10


@dataclass(frozen=True, slots=True)
class CartLine:
    id: str
    sku: str
    name_en: str
    name_ar: str
    picture: str | None
    quantity: int
    unit_price_minor: int  # as the shopper last saw it, including VAT
    current_price_minor: int | None  # None: no longer sold here
    vat_rate_bp: int
    current_vat_rate_bp: int
    vat_minor: int
    age_min: int | None = None
    cart_max: int | None = None
    day_max: int | None = None
    category_en: str = ""
    discount_minor: int = 0

    @property
    def gross_minor(self) -> int:
        return self.quantity * self.unit_price_minor

    @property
    def paid_minor(self) -> int:
        return self.gross_minor - self.discount_minor


@dataclass(frozen=True, slots=True)
class Cart:
    id: str
    shopper_id: str
    store_id: str
    store_code: str
    state: Literal["open", "frozen", "expired"]
    currency: str
    extensions: int
    expires_at: datetime
    lines: tuple[CartLine, ...]  # by line id
    discounts: tuple[Discount, ...] = ()
    coupon: str | None = None  # its code

    @property
    def total_minor(self) -> int:
        return sum(line.paid_minor for line in self.lines)

    @property
    def vat_minor(self) -> int:
        return sum(line.vat_minor for line in self.lines)

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def hash(self) -> str:
        return cart_hash(self.store_code, self.currency, self.lines, self.discounts)


def cart_hash(
    store_code: str, currency: str, lines: Sequence[CartLine], discounts: Sequence[Discount] = ()
) -> str:
    """SHA-256, hex, of the cart as RFC 8785 JSON.

    {"currency", "discounts": [[id, amount], …] by id, "lines": [[sku, quantity, unit price, VAT rate in basis
    points], …] by line id, "store": its code, "total"}; amounts in minor units. Names are ASCII and numbers whole,
    so sorted compact JSON is the canonical form.
    """
    ordered = sorted(lines, key=lambda line: line.id)
    agreed = {
        "store": store_code,
        "currency": currency,
        "lines": [[line.sku, line.quantity, line.unit_price_minor, line.vat_rate_bp] for line in ordered],
        "discounts": sorted([each.id, each.amount_minor] for each in discounts),
        "total": sum(line.gross_minor for line in ordered) - sum(each.amount_minor for each in discounts),
    }
    canonical = json.dumps(agreed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def line_of(cart: Cart, line_id: str) -> CartLine:
    """Raises Refusal line_not_found."""
    for line in cart.lines:
        if line.id == line_id:
            return line
    raise Refusal("line_not_found")


def current(tx: Transaction, shopper_id: str, store_code: str, *, now: datetime) -> Cart | None:
    """The open cart of this shopper in this store, or the frozen one while its checkout is under way.

    Raises Refusal store_unknown.
    """
    if "\0" in store_code:  # which PostgreSQL's text cannot hold
        raise Refusal("store_unknown")
    row = tx.execute(CURRENT, {"shopper": shopper_id, "store_code": store_code, "now": now}).one_or_none()
    if row is None:
        raise Refusal("store_unknown")
    return _cart(row, lines(tx, row.id, row.store_id, now=now)) if row.id else None


def being_checked_out() -> ColumnElement[bool]:
    """Frozen and still holding goods. A paid cart stays frozen for ever, but holds nothing any more."""
    holding = select(reservations.c.line_id).where(
        reservations.c.cart_id == carts.c.id, stands(reservations.c.state, "live")
    )
    return and_(stands(carts.c.state, "frozen"), holding.exists())


def lock_open(tx: Transaction, cart_id: str, shopper_id: str, *, now: datetime) -> None:
    """Whoever changes a cart holds its row until the commit, so that changes come one after the other.

    Raises Refusal cart_not_found (also for another shopper's cart), cart_frozen or cart_expired.
    """
    theirs = and_(carts.c.id == cart_id, carts.c.shopper_id == shopper_id)
    locked = tx.execute(
        update(carts)
        .where(theirs, stands(carts.c.state, "open"), carts.c.expires_at > now)
        .values(extensions=carts.c.extensions)
    ).rowcount
    if locked != 1:
        refuse_unopen(tx, cart_id, shopper_id)


def refuse_unopen(tx: Transaction, cart_id: str, shopper_id: str) -> NoReturn:
    """Why a cart could not be locked as this shopper's open one."""
    state = tx.execute(
        select(carts.c.state).where(carts.c.id == cart_id, carts.c.shopper_id == shopper_id)
    ).scalar_one_or_none()
    if state is None:
        raise Refusal("cart_not_found")
    raise Refusal("cart_frozen" if state == "frozen" else "cart_expired")


def view(tx: Transaction, cart_id: str, *, now: datetime, shopper_id: str | None = None) -> Cart:
    """The cart as it stands. Raises Refusal cart_not_found, also for another's than `shopper_id`'s cart."""
    row = tx.execute(BY_ID, {"cart": cart_id, "now": now}).one_or_none()
    if row is None or shopper_id not in (None, row.shopper_id):
        raise Refusal("cart_not_found")
    return _cart(row, lines(tx, cart_id, row.store_id, now=now))


def lines(tx: Transaction, cart_id: str, store_id: str, *, now: datetime) -> list[CartLine]:
    """By line id, before discounts and VAT: `priced` has both."""
    return [_line(row) for row in tx.execute(LINES, {"cart": cart_id, "store": store_id, "now": now})]


def priced(cart: Cart, lines: Sequence[CartLine], promotions: Sequence[Promotion]) -> Cart:
    """With these lines, what promotions take off each, and its share of the VAT in what is left."""
    found = discounts(lines, promotions)
    off = [sum(each.shares.get(line.id, 0) for each in found) for line in lines]
    after = [replace(line, discount_minor=minor) for line, minor in zip(lines, off, strict=True)]
    vat = vat_per_line([GrossLine(line.paid_minor, line.vat_rate_bp) for line in after])
    taxed = tuple(replace(line, vat_minor=minor) for line, minor in zip(after, vat, strict=True))
    return replace(cart, lines=taxed, discounts=found)


def _cart(row: Row[Any], lines: Sequence[CartLine]) -> Cart:
    cart = Cart(
        id=row.id,
        shopper_id=row.shopper_id,
        store_id=row.store_id,
        store_code=row.code,
        state=row.state,
        currency=row.currency,
        extensions=row.extensions,
        expires_at=row.expires_at,
        lines=(),
        coupon=row.coupon,
    )
    return priced(cart, lines, from_json(row.promotions))


def _line(row: Row[Any]) -> CartLine:
    return CartLine(
        id=row.id,
        sku=row.sku,
        name_en=row.name_en,
        name_ar=row.name_ar,
        picture=row.picture,
        quantity=row.quantity,
        unit_price_minor=row.unit_price_minor,
        current_price_minor=row.current_price_minor if row.active else None,
        vat_rate_bp=row.vat_rate_bp,
        current_vat_rate_bp=row.current_vat_rate_bp,
        vat_minor=0,  # until all lines are known
        category_en=row.category_en,
        age_min=row.age_min,
        cart_max=row.cart_max,
        day_max=row.day_max,
    )


# Written down once: putting a statement together costs more than running it.
PROMOTIONS = running(store=stores.c.id, cart=carts.c.id, now=bindparam("now", type_=UtcTime)).label(
    "promotions"
)
COUPON = code_of(cart=carts.c.id).label("coupon")
BY_ID = (
    select(carts, stores.c.code, stores.c.currency, PROMOTIONS, COUPON)
    .join(stores)
    .where(carts.c.id == bindparam("cart"))
)
CURRENT = (
    select(*(c for c in carts.c if c is not carts.c.store_id), stores.c.id.label("store_id"))
    .add_columns(stores.c.code, stores.c.currency, PROMOTIONS, COUPON)
    .select_from(stores)
    .join(
        carts,
        and_(
            carts.c.store_id == stores.c.id,
            carts.c.shopper_id == bindparam("shopper"),
            carts.c.expires_at > bindparam("now", type_=UtcTime),
            or_(stands(carts.c.state, "open"), being_checked_out()),
        ),
        isouter=True,
    )
    .where(stores.c.code == bindparam("store_code"))
    .order_by(carts.c.created_at.desc())
    .limit(1)
)
LINES = (
    select(
        cart_lines,
        products.c.name_en,
        products.c.name_ar,
        products.c.picture,
        products.c.active,
        products.c.category_en,
        products.c.age_min,
        products.c.cart_max,
        products.c.day_max,
        products.c.vat_rate_bp.label("current_vat_rate_bp"),
        price_at(bindparam("store"), cart_lines.c.sku, bindparam("now", type_=UtcTime)).label(
            "current_price_minor"
        ),
    )
    .join(products)
    .where(cart_lines.c.cart_id == bindparam("cart"))
    .order_by(cart_lines.c.id)
)
