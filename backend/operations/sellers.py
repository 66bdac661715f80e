"""Name who sells in a store, as its receipts state it."""

from __future__ import annotations

from datetime import datetime

from backend.clock import Ids
from backend.db import audit
from backend.db.transaction import Run, Transaction
from backend.inventory import sellers, stores
from backend.inventory.sellers import Seller


def name_seller(run: Run, store_code: str, seller: Seller, *, ids: Ids, now: datetime) -> None:
    """Raises Refusal store_unknown or as `set_seller`."""

    def work(tx: Transaction) -> None:
        store = stores.by_code(tx, store_code)
        sellers.set_seller(tx, store.id, seller)
        audit.record(
            tx, entry_id=ids.uuid7(), at=now, actor="system", action="store.seller_set", subject=store.id
        )

    run(work)
