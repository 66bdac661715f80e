"""The shops, known to people and labels by a short code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, insert, select

from backend.db.events import store_counters
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.tables import stores

BY_CODE = select(stores).where(stores.c.code == bindparam("code"))


@dataclass(frozen=True, slots=True)
class Store:
    id: str
    code: str
    name_en: str
    name_ar: str
    currency: str
    timezone: str  # IANA name
    age_mode: str = "check"  # what has an age limit is looked at by staff; "refuse": cannot be bought here


def open_store(tx: Transaction, store: Store) -> None:
    """The store and the counters of its receipts and events."""
    values = {name: getattr(store, name) for name in Store.__slots__}
    tx.execute(insert(stores).values(values))
    tx.execute(insert(store_counters).values(store_id=store.id, events=0, receipts=0))


def every(tx: Transaction) -> list[Store]:
    return [_store(row) for row in tx.execute(select(stores).order_by(stores.c.code))]


def by_code(tx: Transaction, code: str) -> Store:
    """Raises Refusal store_unknown."""
    known = "\0" not in code  # which PostgreSQL's text cannot hold
    row = tx.execute(BY_CODE, {"code": code}).one_or_none() if known else None
    if row is None:
        raise Refusal("store_unknown")
    return _store(row)


def by_id(tx: Transaction, store_id: str) -> Store:
    return _store(tx.execute(select(stores).where(stores.c.id == store_id)).one())


def by_code_or_first(tx: Transaction, code: str) -> Store:
    """The store of that code; without one, the first, so that a browser without a choice sees a shop.

    Raises Refusal store_unknown.
    """
    known = every(tx) if not code else []
    return known[0] if known else by_code(tx, code)


def _store(row: Row[Any]) -> Store:
    return Store(row.id, row.code, row.name_en, row.name_ar, row.currency, row.timezone, row.age_mode)
