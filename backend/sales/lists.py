"""Long lists, a page at a time: a page begins after a row, not at a number, so the last costs what the first does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.tables import shoppers
from backend.inventory.products import available_at, price_at
from backend.inventory.stores import Store
from backend.inventory.tables import products, stock
from backend.ledger.tables import accounts, entries, postings
from backend.orders.tables import orders

ROWS_MAX = 100
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Asked:
    store: Store
    after: str  # `next` of the page before; "" for the first
    limit: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    rows: tuple[Item, ...]
    next: str | None  # give it as `after` for the page that follows


@dataclass(frozen=True, slots=True)
class ListedOrder:
    id: str
    receipt_number: int
    placed_at: datetime
    state: str
    method: str
    total_minor: int
    refunded_minor: int


@dataclass(frozen=True, slots=True)
class ListedProduct:
    sku: str
    name_en: str
    name_ar: str
    active: bool
    price_minor: int | None
    on_hand: int
    available: int


@dataclass(frozen=True, slots=True)
class ListedShopper:
    id: str
    login: str | None  # None: a guest
    display_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ListedPosting:
    id: str
    at: datetime
    kind: str
    reference: str
    actor: str
    entries: tuple[tuple[str, int], ...]  # kind of account, minor units


def orders_page(tx: Transaction, asked: Asked) -> Page[ListedOrder]:
    """Newest first. Raises Refusal after_malformed."""
    wanted = select(*(orders.c[name] for name in ListedOrder.__slots__)).where(
        orders.c.store_id == asked.store.id
    )
    if asked.after:
        begin = select(orders.c.placed_at).where(
            orders.c.id == id_from(asked.after), orders.c.store_id == asked.store.id
        )
        placed_at = tx.execute(begin).scalar_one_or_none()
        if placed_at is None:
            raise Refusal("after_malformed")
        at, id_ = orders.c.placed_at, orders.c.id
        older = or_(at < placed_at, id_ < id_from(asked.after))
        wanted = wanted.where(at <= placed_at, older)  # the first is for the index
    rows = tx.execute(
        wanted.order_by(orders.c.placed_at.desc(), orders.c.id.desc()).limit(asked.limit + 1)
    ).all()
    return page([ListedOrder(*row) for row in rows], asked.limit, lambda order: order.id)


def products_page(tx: Transaction, asked: Asked) -> Page[ListedProduct]:
    """By sku, also those that were withdrawn."""
    rows = tx.execute(
        select(
            products.c.sku,
            products.c.name_en,
            products.c.name_ar,
            products.c.active,
            price_at(stock.c.store_id, stock.c.sku, asked.now),
            stock.c.on_hand,
            available_at(asked.now),
        )
        .join(stock, stock.c.sku == products.c.sku)
        .where(stock.c.store_id == asked.store.id, stock.c.sku > asked.after)
        .order_by(stock.c.sku)
        .limit(asked.limit + 1)
    ).all()
    return page([ListedProduct(*row) for row in rows], asked.limit, lambda product: product.sku)


def shoppers_page(tx: Transaction, asked: Asked) -> Page[ListedShopper]:
    """Of all stores, the latest to come first. Raises Refusal after_malformed."""
    rows = tx.execute(
        select(*(shoppers.c[name] for name in ListedShopper.__slots__))
        .where(*before(shoppers.c.id, asked.after))
        .order_by(shoppers.c.id.desc())
        .limit(asked.limit + 1)
    ).all()
    return page([ListedShopper(*row) for row in rows], asked.limit, lambda shopper: shopper.id)


def ledger_page(tx: Transaction, asked: Asked) -> Page[ListedPosting]:
    """Newest first. Raises Refusal after_malformed."""
    rows = tx.execute(
        select(postings)
        .where(postings.c.store_id == asked.store.id, *before(postings.c.id, asked.after))
        .order_by(postings.c.id.desc())
        .limit(asked.limit + 1)
    ).all()
    parts: dict[str, list[tuple[str, int]]] = {row.id: [] for row in rows}
    moved = (
        select(entries.c.posting_id, accounts.c.kind, entries.c.amount_minor)
        .join(accounts, accounts.c.id == entries.c.account_id)
        .where(entries.c.posting_id.in_(list(parts)))
        .order_by(entries.c.id)
    )
    for posting_id, kind, amount_minor in tx.execute(moved):
        parts[posting_id].append((kind, amount_minor))
    listed = [
        ListedPosting(row.id, row.at, row.kind, row.reference, row.actor, tuple(parts[row.id]))
        for row in rows
    ]
    return page(listed, asked.limit, lambda posting: posting.id)


def page(rows: Sequence[Item], limit: int, key: Callable[[Item], str]) -> Page[Item]:
    """Of one row more than the page holds, if there is one."""
    assert 1 <= limit <= ROWS_MAX, limit
    return Page(tuple(rows[:limit]), key(rows[limit - 1]) if len(rows) > limit else None)


def before(column: ColumnElement[str], after: str) -> tuple[Any, ...]:
    return (column < id_from(after),) if after else ()


def id_from(text: str) -> str:
    """Raises Refusal after_malformed."""
    try:
        return str(UUID(text))
    except ValueError:
        raise Refusal("after_malformed") from None
