"""One scan puts one piece into the cart, exactly once for each scan id."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.carts.cart import Cart, CartLine, being_checked_out, lines, priced, view
from backend.carts.limits import refuse_beyond_limits, refuse_restricted_age, refuse_scarce
from backend.carts.piece import Piece, put
from backend.carts.promotions import code_of, from_json, running
from backend.carts.tables import carts, scans
from backend.clock import Ids
from backend.db.schema import Id, UtcTime, stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations
from backend.inventory.products import Offer, Product, offer_columns, offer_of, sold_there
from backend.inventory.resolve_label import Named
from backend.inventory.tables import products, stores

OPEN_TRIES_MAX = 3
BEGIN = {
    name: insert(carts).on_conflict_do_nothing().returning(carts.c.id)
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


@dataclass(frozen=True, slots=True)
class Scan:
    shopper_id: str
    scan_id: str  # made by the client, the same when it sends again
    named: Named


@dataclass(frozen=True, slots=True)
class Scanned:
    cart: Cart
    line: CartLine | None  # None: a repeat, and the line was removed meanwhile
    repeated: bool


def scan(tx: Transaction, asked: Scan, *, lifetime: timedelta, ids: Ids, now: datetime) -> Scanned:
    """The whole cart is held for `lifetime` from now on. A repeat changes nothing.

    Raises Refusal store_unknown, product_unknown, product_withdrawn, age_restricted, product_limit, out_of_stock,
    cart_frozen, line_limit, cart_limit, pieces_limit.
    """
    until = now + lifetime
    for _ in range(OPEN_TRIES_MAX):
        seen = _look(tx, asked, until=until, now=now)
        if seen.scanned_into:
            before = view(tx, seen.scanned_into, now=now)
            return Scanned(before, _line(before, seen.scanned_sku), repeated=True)
        offer = offer_of(seen)
        refuse_restricted_age(offer.product, offer.store)
        cart = _standing(tx, seen, asked, offer, until=until, now=now) or _begin(
            tx, seen, asked, offer, until=until, ids=ids, now=now
        )
        put_in = cart and _add_piece(tx, cart, offer.product, asked.scan_id, ids=ids, now=now)
        if put_in:
            cart = replace(put_in, coupon=seen.coupon)
            cart = priced(cart, cart.lines, from_json(seen.promotions))
            return Scanned(cart, _line(cart, offer.product.sku), repeated=False)
    raise Refusal("database_busy", retry_after_s=1)


def _look(tx: Transaction, asked: Scan, *, until: datetime, now: datetime) -> Row[Any]:
    """All there is to know before the lines of the cart; the open cart's row is locked from here on.

    Raises Refusal store_unknown.
    """
    given = {
        "shopper": asked.shopper_id,
        "scan": asked.scan_id,
        "store_code": asked.named.store_code,
        "named": asked.named.gtin,
        "until": until,
        "now": now,
    }
    seen = tx.execute(_situation(tx.dialect.name), given).one_or_none()
    if seen is None:
        raise Refusal("store_unknown")
    return seen


def _standing(
    tx: Transaction, seen: Row[Any], asked: Scan, offer: Offer, *, until: datetime, now: datetime
) -> Cart | None:
    if not seen.cart_id:
        return None
    held = lines(tx, seen.cart_id, offer.store.id, now=now)
    return _cart(seen.cart_id, asked, offer, extensions=seen.extensions, until=until, lines=tuple(held))


def _begin(
    tx: Transaction,
    seen: Row[Any],
    asked: Scan,
    offer: Offer,
    *,
    until: datetime,
    ids: Ids,
    now: datetime,
) -> Cart | None:
    """None where another scan of the same shopper began it at the same time. Raises Refusal cart_frozen."""
    if seen.being_checked_out:
        raise Refusal("cart_frozen")
    if seen.over:
        _put_away(tx, asked.shopper_id, offer, now=now)
    row = {
        "id": ids.uuid7(),
        "store_id": offer.store.id,
        "shopper_id": asked.shopper_id,
        "state": "open",
        "extensions": 0,
        "created_at": now,
        "expires_at": until,
    }
    begun = tx.execute(BEGIN[tx.dialect.name], row).scalar_one_or_none()
    return _cart(begun, asked, offer, extensions=0, until=until, lines=()) if begun else None


def _put_away(tx: Transaction, shopper_id: str, offer: Offer, *, now: datetime) -> None:
    """A cart whose time ran out ends before a fresh one begins, into which the offered product goes."""
    over = tx.execute(
        update(carts)
        .where(
            carts.c.shopper_id == shopper_id,
            carts.c.store_id == offer.store.id,
            stands(carts.c.state, "open"),
            carts.c.expires_at <= now,
        )
        .values(state="expired")
        .returning(carts.c.id)
    ).scalars()
    reservations.release_carts(tx, *over.all(), before=(offer.store.id, offer.product.sku))


def _add_piece(
    tx: Transaction, cart: Cart, product: Product, scan_id: str, *, ids: Ids, now: datetime
) -> Cart | None:
    """None where a copy of this scan, sent at the same time, came first."""
    known = _line(cart, product.sku)
    refuse_beyond_limits(cart, known, known.quantity + 1 if known else 1)
    refuse_scarce(tx, cart, product, more=1, now=now)
    line = replace(known, quantity=known.quantity + 1) if known else _new_line(ids.uuid7(), product)
    piece = Piece(
        shopper_id=cart.shopper_id,
        scan_id=scan_id,
        cart_id=cart.id,
        store_id=cart.store_id,
        sku=product.sku,
        line_id=line.id,
        unit_price_minor=line.unit_price_minor,
        vat_rate_bp=line.vat_rate_bp,
        held_until=cart.expires_at,
    )
    if not put(tx, piece, now=now):
        return None
    others = [other for other in cart.lines if other.id != line.id]
    return replace(cart, lines=tuple(sorted([*others, line], key=lambda each: each.id)))


def _new_line(line_id: str, product: Product) -> CartLine:
    return CartLine(
        id=line_id,
        sku=product.sku,
        name_en=product.name_en,
        name_ar=product.name_ar,
        picture=product.picture,
        quantity=1,
        unit_price_minor=product.price_minor,
        current_price_minor=product.price_minor,
        vat_rate_bp=product.vat_rate_bp,
        current_vat_rate_bp=product.vat_rate_bp,
        vat_minor=0,  # until all lines are known
        category_en=product.category_en,
        age_min=product.age_min,
        cart_max=product.cart_max,
        day_max=product.day_max,
    )


def _cart(
    cart_id: str, asked: Scan, offer: Offer, *, extensions: int, until: datetime, lines: tuple[CartLine, ...]
) -> Cart:
    return Cart(
        id=cart_id,
        shopper_id=asked.shopper_id,
        store_id=offer.store.id,
        store_code=offer.store.code,
        state="open",
        currency=offer.store.currency,
        extensions=extensions,
        expires_at=until,
        lines=lines,
    )


def _line(cart: Cart, sku: str) -> CartLine | None:
    return next((line for line in cart.lines if line.sku == sku), None)


@cache
def _situation(dialect: str) -> Select[Any]:
    """Store, product, the shopper's carts there and what this scan did before, as one row.

    On PostgreSQL it also locks the open cart by moving its time; on SQLite the transaction is alone anyway.
    """
    now, until = bindparam("now", type_=UtcTime), bindparam("until", type_=UtcTime)
    shopper = bindparam("shopper", type_=Id)
    this_store = select(stores.c.id).where(stores.c.code == bindparam("store_code")).scalar_subquery()
    theirs = and_(carts.c.shopper_id == shopper, carts.c.store_id == this_store)
    before = and_(scans.c.shopper_id == shopper, scans.c.scan_id == bindparam("scan"))
    standing = and_(theirs, stands(carts.c.state, "open"), carts.c.expires_at > now, ~exists().where(before))
    over = exists().where(theirs, stands(carts.c.state, "open"), carts.c.expires_at <= now)
    busy = exists().where(theirs, being_checked_out(), carts.c.expires_at > now)
    found = (carts.c.id.label("cart_id"), carts.c.extensions)
    mine = (
        update(carts).where(standing).values(expires_at=until).returning(*found).cte("mine")
        if dialect == "postgresql"
        else select(*found).where(standing).cte("mine")
    )
    return (
        select(
            *offer_columns(now),
            mine.c.cart_id,
            mine.c.extensions,
            running(store=stores.c.id, cart=mine.c.cart_id, now=now).label("promotions"),
            code_of(cart=mine.c.cart_id).label("coupon"),
            scans.c.cart_id.label("scanned_into"),
            scans.c.sku.label("scanned_sku"),
            over.label("over"),
            busy.label("being_checked_out"),
        )
        .select_from(sold_there(products.c.gtin == bindparam("named")))
        .join(mine, mine.c.cart_id.is_not(None), isouter=True)
        .join(scans, before, isouter=True)
        .where(stores.c.code == bindparam("store_code"))
    )
