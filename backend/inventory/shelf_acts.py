"""Goods as staff move them: each act has a reference, on its movements and in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from backend.clock import Ids
from backend.db import audit
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.inventory import stock
from backend.inventory.stock import Delivery
from backend.inventory.stores import Store
from backend.inventory.tables import products
from backend.inventory.tables import stock as stock_rows

PIECES_MAX = 1_000_000
ON_HAND_MAX = 1_000_000_000  # far from what the column holds

Goods = Mapping[str, int]  # sku → pieces
WriteOffReason = Literal["damaged", "out_of_date", "stolen", "own_use", "other"]


@dataclass(frozen=True, slots=True)
class Done:
    reference: str
    on_hand: Goods  # of the goods it was about, afterwards


def receive(
    tx: Transaction, store: Store, goods: Goods, *, staff: StaffMember, ids: Ids, now: datetime
) -> Done:
    """Raises Refusal product_unknown, stock_over."""
    known = set(tx.execute(select(products.c.sku).where(products.c.sku.in_(goods))).scalars())
    for sku in sorted(set(goods) - known):
        raise Refusal("product_unknown", sku=sku)
    reference = ids.uuid7()
    deliveries = [Delivery(store.id, sku, pieces) for sku, pieces in goods.items()]
    stock.receive(tx, deliveries, reference=reference, ids=ids, now=now)
    _note(tx, "stock.received", store, reference, {"goods": goods}, staff=staff, ids=ids, now=now)
    return Done(reference, _on_hand(tx, store, goods))


def count(
    tx: Transaction, store: Store, goods: Goods, *, staff: StaffMember, ids: Ids, now: datetime
) -> Done:
    """Raises Refusal product_unknown, count_below_reserved."""
    reference = ids.uuid7()
    differences = {
        sku: stock.count(tx, store.id, sku, counted=counted, reference=reference, ids=ids, now=now)
        for sku, counted in sorted(goods.items())
    }
    facts = {"goods": goods, "differences": differences}
    _note(tx, "stock.counted", store, reference, facts, staff=staff, ids=ids, now=now)
    return Done(reference, _on_hand(tx, store, goods))


def write_off(
    tx: Transaction,
    store: Store,
    goods: Goods,
    reason: WriteOffReason,
    *,
    staff: StaffMember,
    ids: Ids,
    now: datetime,
) -> Done:
    """Raises Refusal product_unknown, stock_short."""
    reference = ids.uuid7()
    stock.write_off(tx, store.id, goods, reference=reference, ids=ids, now=now)
    facts = {"goods": goods, "reason": reason}
    _note(tx, "stock.written_off", store, reference, facts, staff=staff, ids=ids, now=now)
    return Done(reference, _on_hand(tx, store, goods))


def transfer(
    tx: Transaction, store: Store, to: Store, goods: Goods, *, staff: StaffMember, ids: Ids, now: datetime
) -> Done:
    """Raises Refusal same_store, product_unknown, stock_short, stock_over."""
    if store.id == to.id:
        raise Refusal("same_store")
    reference = ids.uuid7()
    stock.transfer(tx, store.id, to.id, goods, reference=reference, ids=ids, now=now)
    _on_hand(tx, to, goods)
    facts = {"goods": goods, "to": to.code}
    _note(tx, "stock.moved", store, reference, facts, staff=staff, ids=ids, now=now)
    return Done(reference, _on_hand(tx, store, goods))


def _on_hand(tx: Transaction, store: Store, goods: Goods) -> Goods:
    """Raises Refusal stock_over."""
    these = select(stock_rows.c.sku, stock_rows.c.on_hand).where(
        stock_rows.c.store_id == store.id, stock_rows.c.sku.in_(goods)
    )
    on_hand = {row.sku: row.on_hand for row in tx.execute(these.order_by(stock_rows.c.sku))}
    for sku, pieces in on_hand.items():
        if pieces > ON_HAND_MAX:
            raise Refusal("stock_over", sku=sku, limit=ON_HAND_MAX)
    return on_hand


def _note(
    tx: Transaction,
    action: str,
    store: Store,
    reference: str,
    facts: Mapping[str, object],
    *,
    staff: StaffMember,
    ids: Ids,
    now: datetime,
) -> None:
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=f"staff:{staff.id}",
        action=action,
        subject=reference,
        details={"store": store.code, **facts},
    )
