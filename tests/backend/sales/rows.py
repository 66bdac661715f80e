"""Orders written straight into the tables: a report must be right about any rows that the tables allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from uuid import UUID, uuid5

from sqlalchemy import insert, select, update

from backend.carts.tables import carts
from backend.checkout.tables import checkouts, refunds
from backend.db.events import store_counters
from backend.db.transaction import Transaction
from backend.identity import devices as devices_of_shoppers
from backend.identity.devices import NewDevice
from backend.identity.tables import devices, shoppers
from backend.inventory.tables import prices, products, stock, stores
from backend.ledger.accounts import account_id, open_store_accounts, open_wallet
from backend.ledger.tables import entries, postings
from backend.money import GrossLine, vat_per_line
from backend.orders.tables import order_lines, orders

NAMES = UUID("2b0f5a52-7d0c-4b53-9f4e-0d4f6a1a2f10")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def id_of(name: object) -> str:
    return str(uuid5(NAMES, str(name)))


@dataclass(frozen=True)
class Line:
    sku: str
    quantity: int
    unit_price_minor: int
    vat_rate_bp: int = 1500


class Shop:
    """One store with its shopper; `sell` and `refund` add rows at a given time."""

    def __init__(self, tx: Transaction, code: str = "R1", timezone: str = "Asia/Riyadh") -> None:
        self.tx = tx
        self.code, self.store_id = code, id_of(code)
        self.numbers = count(1)
        name = {"name_en": f"Store {code}", "name_ar": f"متجر {code}"}
        tx.execute(
            insert(stores).values(id=self.store_id, code=code, currency="SAR", timezone=timezone, **name)
        )
        self.shopper_id = id_of(f"shopper {code}")
        self.device_id = f"{code:x<43}"
        tx.execute(insert(shoppers).values(id=self.shopper_id, language="en", created_at=LONG_AGO))
        tx.execute(
            insert(devices).values(
                id=self.device_id,
                shopper_id=self.shopper_id,
                name="phone",
                jwk_enc={},
                jwk_sig={},
                created_at=LONG_AGO,
            )
        )
        tx.execute(insert(store_counters).values(store_id=self.store_id, events=0, receipts=0))
        open_store_accounts(tx, self.store_id, "SAR")

    def on(self, tx: Transaction) -> Shop:
        """The same shop in another transaction."""
        self.tx = tx
        return self

    def furnish(self, device: NewDevice | None, *, login: str, now: datetime) -> None:
        """Goods on the shelves, and a shopper who can be found, has a wallet and perhaps a real device."""
        devices_of_shoppers.end(self.tx, self.shopper_id, self.device_id, now=now)  # its keys are made up
        if device is not None:
            devices_of_shoppers.add(self.tx, self.shopper_id, device, now=now)
        registered = {"login": login, "password_hash": "none", "display_name": login.title()}
        self.tx.execute(update(shoppers).where(shoppers.c.id == self.shopper_id).values(registered))
        open_wallet(self.tx, self.shopper_id, "SAR")
        for sku in ("TEA", "BREAD"):
            self.stock(sku, 40, reserved=2, price_minor=11_50)

    def stock(self, sku: str, on_hand: int, reserved: int = 0, price_minor: int = 1_00) -> None:
        known = self.tx.execute(select(products.c.sku).where(products.c.sku == sku)).first()
        if known is None:
            self._product(sku)
        whose = {"store_id": self.store_id, "sku": sku}
        self.tx.execute(insert(stock).values(**whose, on_hand=on_hand, reserved=reserved))
        self.tx.execute(insert(prices).values(**whose, valid_from=LONG_AGO, amount_minor=price_minor))

    def _product(self, sku: str) -> None:
        self.tx.execute(
            insert(products).values(
                sku=sku,
                gtin=f"{UUID(id_of(sku)).int % 10**14:014d}",
                name_en=f"{sku} en",
                name_ar=f"{sku} ar",
                category_en="Food",
                category_ar="طعام",
                vat_rate_bp=1500,
                active=True,
            )
        )

    def sell(self, at: datetime, lines: Sequence[Line], state: str = "paid") -> str:
        number = next(self.numbers)
        made = {name: id_of((self.store_id, name, number)) for name in ("cart", "checkout", "order", "paid")}
        vat = vat_per_line([GrossLine(x.quantity * x.unit_price_minor, x.vat_rate_bp) for x in lines])
        total = sum(x.quantity * x.unit_price_minor for x in lines)
        whose = {"store_id": self.store_id, "shopper_id": self.shopper_id}
        self.tx.execute(
            insert(carts).values(
                id=made["cart"], **whose, state="frozen", extensions=0, created_at=at, expires_at=at
            )
        )
        self.tx.execute(
            insert(checkouts).values(
                id=made["checkout"],
                cart_id=made["cart"],
                **whose,
                device_id=self.device_id,
                store_code=self.code,
                cart_expires_at=at,
                channel="phone",
                state="paid",
                lines=[],
                total_minor=total,
                currency="SAR",
                cart_hash="",
                evidence=[],
                created_at=at,
                expires_at=at,
            )
        )
        self.tx.execute(
            insert(orders).values(
                id=made["order"],
                **whose,
                receipt_number=number,
                checkout_id=made["checkout"],
                posting_id=made["paid"],
                total_minor=total,
                currency="SAR",
                state=state,
                pickup_tries=0,
                placed_at=at,
                changed_at=at,
            )
        )
        self.tx.execute(
            insert(order_lines),
            [
                {
                    "id": id_of((made["order"], i)),
                    "order_id": made["order"],
                    "sku": line.sku,
                    "name_en": f"{line.sku} en",
                    "name_ar": f"{line.sku} ar",
                    "quantity": line.quantity,
                    "packed": 0,
                    "unit_price_minor": line.unit_price_minor,
                    "gross_minor": line.quantity * line.unit_price_minor,
                    "vat_rate_bp": line.vat_rate_bp,
                    "vat_minor": vat[i],
                }
                for i, line in enumerate(lines)
            ],
        )
        self.tx.execute(
            update(store_counters)
            .where(store_counters.c.store_id == self.store_id)
            .values(events=store_counters.c.events + 1)
        )
        return made["order"]

    def refund(self, order_id: str, at: datetime, *, amount_minor: int, vat_minor: int) -> None:
        posting_id = id_of(f"refund of {order_id}")
        self.tx.execute(
            insert(postings).values(
                id=posting_id,
                kind="refund",
                reference=order_id,
                store_id=self.store_id,
                actor="staff:1",
                at=at,
            )
        )
        open_wallet(self.tx, self.shopper_id, "SAR")
        for kind, owner, amount in (
            ("wallet", self.shopper_id, amount_minor),
            ("sales", self.store_id, vat_minor - amount_minor),
            ("vat", self.store_id, -vat_minor),
        ):
            self.tx.execute(
                insert(entries).values(
                    id=id_of((posting_id, kind)),
                    posting_id=posting_id,
                    account_id=account_id(kind, owner, "SAR"),
                    amount_minor=amount,
                    currency="SAR",
                )
            )
        self.tx.execute(
            insert(refunds).values(
                id=posting_id,
                order_id=order_id,
                posting_id=posting_id,
                amount_minor=amount_minor,
                currency="SAR",
                reason="mismatch",
                at=at,
                vat_minor=vat_minor,
                store_id=self.store_id,
            )
        )
