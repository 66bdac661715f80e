"""A store with goods on its shelf, made through the use cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import func, insert, select

from backend.clock import SystemIds
from backend.db.transaction import Runner, Transaction
from backend.identity.tables import shoppers
from backend.inventory import search, stock
from backend.inventory.stock import Delivery
from backend.inventory.stores import Store, open_store
from backend.inventory.tables import prices, products, stock_movements
from backend.inventory.tables import stock as stock_rows
from catalogue.gtin import restricted_gtin13

IDS = SystemIds()
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Shelf:
    """One store; `put` adds a product with its price and pieces."""

    def __init__(self, run: Runner, code: str = "R1") -> None:
        self.run = run
        self.numbers = count(1)
        self.store = Store(IDS.uuid7(), code, "Riyadh", "الرياض", "SAR", "Asia/Riyadh")
        run(lambda tx: open_store(tx, self.store))

    def put(self, sku: str, pieces: int = 10, price_minor: int = 500, vat_rate_bp: int = 1500) -> str:
        number = next(self.numbers)

        def new(tx: Transaction) -> None:
            tx.execute(
                insert(products).values(
                    sku=sku,
                    gtin=restricted_gtin13(number).zfill(14),
                    name_en=f"Good {sku}",
                    name_ar=f"سلعة {sku}",
                    category_en="Goods",
                    category_ar="سلع",
                    vat_rate_bp=vat_rate_bp,
                    picture=None,
                    active=True,
                )
            )
            search.index(tx, [sku])
            stock.receive(tx, [Delivery(self.store.id, sku, pieces)], reference="test", ids=IDS, now=NOON)

        self.run(new)
        self.price(sku, price_minor, since=NOON - timedelta(days=1))
        return sku

    def price(self, sku: str, amount_minor: int, *, since: datetime) -> None:
        self.run(
            lambda tx: tx.execute(
                insert(prices).values(
                    store_id=self.store.id, sku=sku, valid_from=since, amount_minor=amount_minor
                )
            )
        )

    def gtin(self, sku: str) -> str:
        return str(
            self.run.read(
                lambda tx: tx.execute(select(products.c.gtin).where(products.c.sku == sku)).scalar_one()
            )
        )

    def available(self, sku: str, now: datetime = NOON) -> int:
        return self.run.read(lambda tx: stock.available(tx, self.store.id, sku, now=now))

    def counted(self, sku: str) -> tuple[int, int]:
        """(on_hand, reserved) as the row has it."""
        these = (stock_rows.c.store_id == self.store.id) & (stock_rows.c.sku == sku)
        row = self.run.read(
            lambda tx: tx.execute(select(stock_rows.c.on_hand, stock_rows.c.reserved).where(these)).one()
        )
        return row.on_hand, row.reserved

    def moved(self, sku: str) -> int:
        """The sum of all movements."""
        total = select(func.coalesce(func.sum(stock_movements.c.delta), 0)).where(
            stock_movements.c.store_id == self.store.id, stock_movements.c.sku == sku
        )
        return int(self.run.read(lambda tx: tx.execute(total).scalar_one()))


def a_shopper(run: Runner) -> str:
    shopper_id = IDS.uuid7()
    row = {"id": shopper_id, "language": "en", "created_at": NOON}
    run(lambda tx: tx.execute(insert(shoppers).values(row)))
    return shopper_id
