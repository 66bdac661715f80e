"""What the shop keeps short, keeps from minors or takes off sale; limits of a cart are held to in backend/carts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import update

from backend.clock import Ids
from backend.db import audit
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.inventory.tables import products

RESTRICTIONS = ("active", "age_min", "cart_max", "day_max")  # columns of a product


def restrict(
    tx: Transaction,
    sku: str,
    changes: Mapping[str, bool | int | None],
    *,
    staff: StaffMember,
    ids: Ids,
    now: datetime,
) -> dict[str, bool | int | None]:
    """Changes some of RESTRICTIONS, in every store; all of them afterwards. Raises Refusal product_unknown."""
    assert set(changes) <= set(RESTRICTIONS), changes
    row = tx.execute(
        update(products)
        .where(products.c.sku == sku)
        .values(changes)
        .returning(*(products.c[name] for name in RESTRICTIONS))
    ).one_or_none()
    if row is None:
        raise Refusal("product_unknown", sku=sku)
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=f"staff:{staff.id}",
        action="product.restricted",
        subject=sku,
        details=changes,
    )
    return dict(row._mapping)
