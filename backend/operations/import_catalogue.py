"""Products, prices and counts from a CSV file into the shop: all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from backend.clock import Ids
from backend.db.moments import reached
from backend.db.rows import insert_rows
from backend.db.transaction import Run, Transaction
from backend.inventory import search, stock, stores
from backend.inventory.products import price_at
from backend.inventory.stock import Delivery
from backend.inventory.stores import Store
from backend.inventory.tables import prices, products
from backend.inventory.tables import stock as stock_rows
from catalogue.gtin import to_gtin14
from catalogue.products_csv import ProductRow, RefusedLine, parse_products_csv

REFERENCE = "import"


class CatalogueRefused(Exception):
    """The file names something that cannot be taken; nothing was. `lines` says each one."""

    def __init__(self, lines: Sequence[RefusedLine]) -> None:
        super().__init__(f"{len(lines)} lines refused")
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many of each; all zero when the shop already was as the file says."""

    products_new: int
    products_changed: int
    prices_changed: int
    pieces_received: int
    counts_changed: int


@dataclass
class _Tally:
    products_new: int = 0
    products_changed: int = 0
    prices_changed: int = 0
    pieces_received: int = 0
    counts_changed: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


def import_file(run: Run, data: bytes, *, ids: Ids, now: datetime) -> Imported:
    """Raises CatalogueRefused with every line that was not understood or cannot be taken."""
    codes = run(lambda tx: [store.code for store in stores.every(tx)])
    parsed = parse_products_csv(data, stores=codes)
    if parsed.refused:
        raise CatalogueRefused(parsed.refused)
    return import_products(run, parsed.rows, ids=ids, now=now)


def import_products(run: Run, rows: Sequence[ProductRow], *, ids: Ids, now: datetime) -> Imported:
    """One transaction. What the file does not name stays as it is. Raises CatalogueRefused."""
    return run(lambda tx: take_over(tx, rows, ids=ids, now=now))


def take_over(tx: Transaction, rows: Sequence[ProductRow], *, ids: Ids, now: datetime) -> Imported:
    """The first time a store has a product its pieces are received; afterwards the file is a count."""
    tally = _Tally()
    by_code = {store.code: store for store in stores.every(tx)}
    _refuse_foreign(tx, rows, by_code, tally)
    if not tally.refused:
        _write_products(tx, rows, tally)
        for code, store in sorted(by_code.items()):
            sold_here = [row for row in rows if code in row.on_hand]
            _write_prices(tx, store, sold_here, tally, now=now)
            _write_stock(tx, store, sold_here, tally, ids=ids, now=now)
        reached("import_written")
    if tally.refused:
        raise CatalogueRefused(tally.refused)
    return Imported(
        tally.products_new,
        tally.products_changed,
        tally.prices_changed,
        tally.pieces_received,
        tally.counts_changed,
    )


def _refuse_foreign(
    tx: Transaction, rows: Sequence[ProductRow], by_code: Mapping[str, Store], tally: _Tally
) -> None:
    sku_of = {row.gtin: row.sku for row in tx.execute(select(products.c.gtin, products.c.sku))}
    for row in rows:
        owner = sku_of.get(to_gtin14(row.gtin), row.sku)
        if owner != row.sku:
            tally.refused.append(RefusedLine(row.line, "gtin", f"The product {owner} has this gtin."))
        for code in row.on_hand:
            store = by_code.get(code)
            if store is None:
                tally.refused.append(RefusedLine(row.line, f"stock:{code}", f"There is no store “{code}”."))
            elif store.currency != row.currency:
                reason = f"The store {code} sells in {store.currency}."
                tally.refused.append(RefusedLine(row.line, "currency", reason))


def _write_products(tx: Transaction, rows: Sequence[ProductRow], tally: _Tally) -> None:
    known = {row["sku"]: dict(row) for row in tx.execute(select(products)).mappings()}
    wanted = {row.sku: _product(row) for row in rows}
    new = [values for sku, values in wanted.items() if sku not in known]
    changed = [
        values for sku, values in wanted.items() if sku in known and not values.items() <= known[sku].items()
    ]
    insert_rows(tx, (products, new))
    if changed:
        named = [name for name in changed[0] if name != "sku"]
        tx.execute(
            update(products)
            .where(products.c.sku == bindparam("this_sku"))
            .values({name: bindparam(f"new_{name}") for name in named}),
            [
                {"this_sku": values["sku"], **{f"new_{name}": values[name] for name in named}}
                for values in changed
            ],
        )
    search.forget(tx, [values["sku"] for values in changed])
    tally.products_new, tally.products_changed = len(new), len(changed)


def _product(row: ProductRow) -> dict[str, Any]:
    return {
        "sku": row.sku,
        "gtin": to_gtin14(row.gtin),
        "name_en": row.name_en,
        "name_ar": row.name_ar,
        "category_en": row.category_en,
        "category_ar": row.category_ar,
        "vat_rate_bp": row.vat_rate_bp,
        "picture": row.picture or None,
        "active": True,
    }


def _write_prices(
    tx: Transaction, store: Store, rows: Sequence[ProductRow], tally: _Tally, *, now: datetime
) -> None:
    current = select(products.c.sku, price_at(store.id, products.c.sku, now).label("amount_minor"))
    known = {row.sku: row.amount_minor for row in tx.execute(current)}
    changed = [
        {"store_id": store.id, "sku": row.sku, "valid_from": now, "amount_minor": row.price_minor}
        for row in rows
        if known[row.sku] != row.price_minor
    ]
    insert_rows(tx, (prices, changed))
    tally.prices_changed += len(changed)


def _write_stock(
    tx: Transaction, store: Store, rows: Sequence[ProductRow], tally: _Tally, *, ids: Ids, now: datetime
) -> None:
    these = select(stock_rows.c.sku, stock_rows.c.on_hand).where(stock_rows.c.store_id == store.id)
    known = {row.sku: row.on_hand for row in tx.execute(these.order_by(stock_rows.c.sku).with_for_update())}
    new = [Delivery(store.id, row.sku, row.on_hand[store.code]) for row in rows if row.sku not in known]
    stock.receive(tx, new, reference=REFERENCE, ids=ids, now=now)
    tally.pieces_received += sum(delivery.quantity for delivery in new)
    counted = {row.sku: row.on_hand[store.code] for row in rows if row.sku in known}
    done = stock.count_all(tx, store.id, counted, reference=REFERENCE, ids=ids, now=now)
    tally.counts_changed += sum(1 for difference in done.differences.values() if difference)
    for row in rows:
        if row.sku in done.held:
            reason = f"{done.held[row.sku]} pieces are held by carts, {counted[row.sku]} cannot be all."
            tally.refused.append(RefusedLine(row.line, f"stock:{store.code}", reason))
