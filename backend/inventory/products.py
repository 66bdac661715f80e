"""Products as a store offers them: with the price of now and what can still be had."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Join, Row, Select, and_, bindparam, func, or_, select

from backend.db.schema import UtcTime, stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.search import matching
from backend.inventory.stores import Store
from backend.inventory.tables import prices, products, reservations, stock, stores

PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    gtin: str  # 14 digits
    name_en: str
    name_ar: str
    category_en: str
    category_ar: str
    price_minor: int  # including VAT
    currency: str
    vat_rate_bp: int
    picture: str | None  # a file name
    available: int
    age_min: int | None  # years
    cart_max: int | None  # pieces in a cart
    day_max: int | None  # pieces that a shopper may have in 24 h


@dataclass(frozen=True, slots=True)
class Offer:
    store: Store
    product: Product


@dataclass(frozen=True, slots=True)
class Names:
    name_en: str
    name_ar: str


@dataclass(frozen=True, slots=True)
class Page:
    products: tuple[Product, ...]
    next: str | None  # give it as `after` for the page that follows


def price_at(store_id: Any, sku: Any, now: Any) -> ColumnElement[int | None]:
    """The minor units that count at `now`, NULL where the store has no price. Takes columns or values."""
    return (
        select(prices.c.amount_minor)
        .where(prices.c.store_id == store_id, prices.c.sku == sku, prices.c.valid_from <= now)
        .order_by(prices.c.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )


def available_at(now: Any) -> ColumnElement[int]:
    """Counted, less what unexpired reservations hold: right before any sweep. For a row of `stock`."""
    expired = (
        select(func.coalesce(func.sum(reservations.c.quantity), 0))
        .where(
            reservations.c.store_id == stock.c.store_id,
            reservations.c.sku == stock.c.sku,
            stands(reservations.c.state, "live"),
            reservations.c.expires_at <= now,
        )
        .scalar_subquery()
    )
    return stock.c.on_hand - stock.c.reserved + expired


def _offered() -> Select[Any]:
    """Written down once: putting a statement together costs more than running it. Takes `_here`."""
    now = bindparam("now", type_=UtcTime)
    price = price_at(stock.c.store_id, stock.c.sku, now)
    return (
        select(products, price.label("price_minor"), available_at(now).label("available"))
        .join(stock, and_(stock.c.sku == products.c.sku, stock.c.store_id == bindparam("store")))
        .where(products.c.active, price.is_not(None))
    )


OFFERED = _offered()


def offer_columns(now: Any) -> tuple[ColumnElement[Any], ...]:
    """A store, and its product with the price of now and what is left: NULLs where it has none. For `offer_of`."""
    return (
        *(stores.c[field.name].label(f"store_{field.name}") for field in fields(Store)),
        *products.c,
        price_at(stock.c.store_id, stock.c.sku, now).label("price_minor"),
        available_at(now).label("available"),
    )


def sold_there(which: ColumnElement[bool]) -> Join:
    """Stores, each beside the product of which `which` holds, and its stock where they sell it.

    One after the other: of a join in parentheses SQLite makes a table first, from all that is in stock anywhere.
    """
    here = and_(stock.c.store_id == stores.c.id, stock.c.sku == products.c.sku)
    return stores.outerjoin(products, which).outerjoin(stock, here)


BY_SKU = (
    select(*offer_columns(bindparam("now", type_=UtcTime)))
    .select_from(sold_there(products.c.sku == bindparam("named")))
    .where(stores.c.code == bindparam("store_code"))
)


def find(tx: Transaction, store_code: str, sku: str, *, now: datetime) -> Offer:
    """Raises Refusal store_unknown, product_withdrawn, or product_unknown, also for what is not sold there."""
    known = "\0" not in store_code  # which PostgreSQL's text cannot hold
    given = {"store_code": store_code, "named": sku, "now": now}
    row = tx.execute(BY_SKU, given).one_or_none() if known else None
    if row is None:
        raise Refusal("store_unknown")
    return offer_of(row)


def offer_of(row: Row[Any]) -> Offer:
    """Raises Refusal product_withdrawn or product_unknown."""
    if row.available is None:  # not in stock there, or nowhere
        raise Refusal("product_unknown")
    if not row.active:
        raise Refusal("product_withdrawn")
    if row.price_minor is None:
        raise Refusal("product_unknown")
    store = Store(**{field.name: getattr(row, f"store_{field.name}") for field in fields(Store)})
    return Offer(store, product_of(row, store))


def picture(tx: Transaction, sku: str) -> str | None:
    """The file name of the product's picture. Raises Refusal product_unknown."""
    row = tx.execute(select(products.c.picture).where(products.c.sku == sku)).one_or_none()
    if row is None:
        raise Refusal("product_unknown")
    name: str | None = row.picture
    return name


def names(tx: Transaction, skus: Collection[str]) -> dict[str, Names]:
    """By sku, also of products that no store sells any more."""
    columns = (products.c.sku, products.c.name_en, products.c.name_ar)
    found = tx.execute(select(*columns).where(products.c.sku.in_(sorted(skus))))
    return {sku: Names(name_en, name_ar) for sku, name_en, name_ar in found}


def categories(tx: Transaction) -> list[Names]:
    """Of products that are sold, in the order of their English names."""
    columns = (products.c.category_en, products.c.category_ar)
    found = tx.execute(select(*columns).where(products.c.active).distinct().order_by(*columns))
    return [Names(category_en, category_ar) for category_en, category_ar in found]


def listing(
    tx: Transaction,
    store: Store,
    *,
    q: str = "",
    category: str = "",
    after: str = "",
    limit: int = PAGE_MAX,
    now: datetime,
) -> Page:
    """What the store sells, by sku. Every word of `q` begins a word of the product, or nearly is one."""
    assert 1 <= limit <= PAGE_MAX, limit
    wanted = OFFERED.order_by(products.c.sku).limit(limit + 1)
    if after:
        wanted = wanted.where(products.c.sku > after)
    if category:
        wanted = wanted.where(or_(products.c.category_en == category, products.c.category_ar == category))
    if q.strip():
        wanted = wanted.where(*matching(tx, q))
    rows = tx.execute(wanted, _here(store, now)).all()
    shown = tuple(product_of(row, store) for row in rows[:limit])
    return Page(shown, shown[-1].sku if len(rows) > limit else None)


def everything(tx: Transaction, store: Store, *, now: datetime) -> Sequence[Product]:
    """All that the store sells, by category and name: the order of the printed sheet."""
    by_name = OFFERED.order_by(products.c.category_en, products.c.name_en, products.c.sku)
    rows = tx.execute(by_name, _here(store, now))
    return [product_of(row, store) for row in rows]


def _here(store: Store, now: datetime) -> dict[str, Any]:
    """What OFFERED asks for."""
    return {"store": store.id, "now": now}


def product_of(row: Row[Any], store: Store) -> Product:
    return Product(
        sku=row.sku,
        gtin=row.gtin,
        name_en=row.name_en,
        name_ar=row.name_ar,
        category_en=row.category_en,
        category_ar=row.category_ar,
        price_minor=row.price_minor,
        currency=store.currency,
        vat_rate_bp=row.vat_rate_bp,
        picture=row.picture,
        available=max(0, row.available),
        age_min=row.age_min,
        cart_max=row.cart_max,
        day_max=row.day_max,
    )
