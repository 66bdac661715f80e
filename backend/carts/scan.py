"""One scan puts one piece into the cart, exactly once for each scan id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.carts import cart as carts_
from backend.carts.cart import Cart, CartLine, being_checked_out
from backend.carts.limits import refuse_beyond_limits, refuse_restricted_age, refuse_scarce
from backend.carts.tables import cart_lines, carts, scans
from backend.clock import Ids
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import reservations
from backend.inventory.products import Product
from backend.inventory.resolve_label import Named, Offer, resolve

OPEN_TRIES_MAX = 3


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
    known = _repeat(tx, asked, now=now)
    if known:
        return known
    offer = resolve(tx, asked.named, now=now)
    refuse_restricted_age(offer.product, offer.store)
    until = now + lifetime
    cart_id = _open_cart(tx, asked.shopper_id, offer, until=until, ids=ids, now=now)
    if not _first(tx, asked, cart_id, offer.product.sku, now=now):
        reservations.hold(tx, cart_id, until)
        known = _repeat(tx, asked, now=now)
        assert known, "the scan that came first is committed"
        return known
    _add_piece(tx, carts_.view(tx, cart_id, now=now), offer.product, ids=ids, now=now)
    reservations.hold(tx, cart_id, until)
    cart = carts_.view(tx, cart_id, now=now)
    return Scanned(cart, _line(cart, offer.product.sku), repeated=False)


def _repeat(tx: Transaction, asked: Scan, *, now: datetime) -> Scanned | None:
    row = tx.execute(
        select(scans.c.cart_id, scans.c.sku).where(
            scans.c.shopper_id == asked.shopper_id, scans.c.scan_id == asked.scan_id
        )
    ).one_or_none()
    if row is None:
        return None
    cart = carts_.view(tx, row.cart_id, now=now)
    return Scanned(cart, _line(cart, row.sku), repeated=True)


def _first(tx: Transaction, asked: Scan, cart_id: str, sku: str, *, now: datetime) -> bool:
    """False where a copy of this scan, sent at the same time, came first."""
    new = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(scans)
    row = {
        "shopper_id": asked.shopper_id,
        "scan_id": asked.scan_id,
        "cart_id": cart_id,
        "sku": sku,
        "at": now,
    }
    written = tx.execute(new.values(row).on_conflict_do_nothing().returning(scans.c.scan_id))
    return written.first() is not None


def _open_cart(
    tx: Transaction, shopper_id: str, offer: Offer, *, until: datetime, ids: Ids, now: datetime
) -> str:
    """The one open cart of shopper and store, its row locked and its time moved; begun if need be."""
    store_id = offer.store.id
    theirs = and_(carts.c.shopper_id == shopper_id, carts.c.store_id == store_id)
    standing = update(carts).where(theirs, carts.c.state == "open", carts.c.expires_at > now)
    for _ in range(OPEN_TRIES_MAX):
        found = tx.execute(standing.values(expires_at=until).returning(carts.c.id)).scalar_one_or_none()
        if found:
            return str(found)
        _put_away(tx, shopper_id, offer, now=now)
        busy = select(carts.c.id).where(theirs, being_checked_out(), carts.c.expires_at > now)
        if tx.execute(busy.limit(1)).one_or_none():
            raise Refusal("cart_frozen")
        begun = _begin(tx, shopper_id, store_id, until=until, ids=ids, now=now)
        if begun:
            return begun
    raise Refusal("database_busy", retry_after_s=1)


def _begin(
    tx: Transaction, shopper_id: str, store_id: str, *, until: datetime, ids: Ids, now: datetime
) -> str | None:
    """None where another scan of the same shopper began it at the same time."""
    new = (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(carts)
    row = {"store_id": store_id, "shopper_id": shopper_id, "created_at": now, "expires_at": until}
    begun: str | None = tx.execute(
        new.values({**row, "id": ids.uuid7(), "state": "open", "extensions": 0})
        .on_conflict_do_nothing()
        .returning(carts.c.id)
    ).scalar_one_or_none()
    return begun


def _put_away(tx: Transaction, shopper_id: str, offer: Offer, *, now: datetime) -> None:
    """A cart whose time ran out ends before a fresh one begins, into which the offered product goes."""
    over = tx.execute(
        update(carts)
        .where(
            carts.c.shopper_id == shopper_id,
            carts.c.store_id == offer.store.id,
            carts.c.state == "open",
            carts.c.expires_at <= now,
        )
        .values(state="expired")
        .returning(carts.c.id)
    ).scalars()
    reservations.release_carts(tx, *over.all(), before=(offer.store.id, offer.product.sku))


def _add_piece(tx: Transaction, cart: Cart, product: Product, *, ids: Ids, now: datetime) -> None:
    line = _line(cart, product.sku)
    quantity = line.quantity + 1 if line else 1
    refuse_beyond_limits(cart, line, quantity)
    refuse_scarce(tx, cart, product, more=1, now=now)
    if line:
        reservations.resize(tx, line_id=line.id, quantity=quantity, now=now)
        tx.execute(update(cart_lines).where(cart_lines.c.id == line.id).values(quantity=quantity))
        return
    line_id = ids.uuid7()
    reservations.reserve(
        tx,
        line_id=line_id,
        cart_id=cart.id,
        store_id=cart.store_id,
        sku=product.sku,
        quantity=1,
        expires_at=cart.expires_at,
        now=now,
    )
    tx.execute(
        insert(cart_lines).values(
            id=line_id,
            cart_id=cart.id,
            sku=product.sku,
            quantity=1,
            unit_price_minor=product.price_minor,
            vat_rate_bp=product.vat_rate_bp,
        )
    )


def _line(cart: Cart, sku: str) -> CartLine | None:
    return next((line for line in cart.lines if line.sku == sku), None)
