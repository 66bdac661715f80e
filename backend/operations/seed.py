"""A shop to look at: two stores, the demo catalogue, and people who work there. A second run changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

import catalogue
from backend.clock import Ids
from backend.db.transaction import Run, Transaction
from backend.identity import staff
from backend.identity.ports import PinHasher
from backend.identity.staff import NewStaff, Role
from backend.identity.tables import staff as staff_rows
from backend.inventory import sellers, stores
from backend.inventory.sellers import Seller
from backend.inventory.stores import Store
from backend.ledger.accounts import open_store_accounts
from backend.operations.import_catalogue import CatalogueRefused, take_over
from backend.operations.init import write_whole
from catalogue.products_csv import ProductRow, parse_products_csv

PRODUCTS_CSV = Path(catalogue.__file__).parent / "demo" / "products.csv"
LOGINS_FILE = "demo-logins.json"
PASSWORD_RANDOM_BYTES = 12  # 16 characters
CURRENCY, TIMEZONE = "SAR", "Asia/Riyadh"
STORES = (("R1", "Riyadh", "الرياض"), ("J1", "Jeddah", "جدة"))
SELLER = ("شركة سمارت باي للتجارة", "300000000000003")  # a number that the authority gives nobody
PEOPLE: tuple[tuple[str, str, Role], ...] = (
    ("cashier", "Sara", "cashier"),
    ("packer", "Omar", "packer"),
    ("manager", "Lina", "manager"),
    ("admin", "Yusuf", "administrator"),
)


@dataclass(frozen=True, slots=True)
class DemoLogin:
    login: str
    role: Role
    password: str = field(repr=False)


def seed(
    run: Run,
    *,
    data: Path,
    hasher: PinHasher,
    ids: Ids,
    now: datetime,
    products_csv: Path = PRODUCTS_CSV,
) -> list[DemoLogin]:
    """Stores and catalogue only into a shop without stores. Returns the logins, for the operator's eyes."""
    rows = demo_products(products_csv)
    run(lambda tx: open_demo_stores(tx, rows, ids=ids, now=now))
    logins = demo_logins(data / LOGINS_FILE, ids=ids)
    employed = run(lambda tx: set(tx.execute(select(staff_rows.c.login)).scalars()))
    hashes = {one.login: hasher.hash_password(one.password) for one in logins if one.login not in employed}
    run(lambda tx: employ(tx, logins, hashes, ids=ids, now=now))
    return logins


def demo_products(file: Path) -> tuple[ProductRow, ...]:
    """Raises CatalogueRefused."""
    parsed = parse_products_csv(file.read_bytes(), stores=[code for code, _, _ in STORES])
    if parsed.refused:
        raise CatalogueRefused(parsed.refused)
    return parsed.rows


def open_demo_stores(tx: Transaction, rows: Sequence[ProductRow], *, ids: Ids, now: datetime) -> bool:
    """False where the shop has stores already: then nothing is touched, least of all its stock."""
    if stores.every(tx):
        return False
    for code, name_en, name_ar in STORES:
        store = Store(ids.uuid7(), code, name_en, name_ar, CURRENCY, TIMEZONE)
        stores.open_store(tx, store)
        open_store_accounts(tx, store.id, store.currency)
        sellers.set_seller(tx, store.id, Seller(*SELLER, f"{name_en}, Saudi Arabia", f"{name_ar}، السعودية"))
    take_over(tx, rows, ids=ids, now=now)
    return True


def demo_logins(file: Path, *, ids: Ids) -> list[DemoLogin]:
    """From the file, which is written once; before the people, so that no password is ever lost."""
    if not file.exists():
        made = [DemoLogin(login, role, ids.token(PASSWORD_RANDOM_BYTES)) for login, _, role in PEOPLE]
        write_whole(file, json.dumps([asdict(one) for one in made], indent=1).encode())
    return [DemoLogin(**entry) for entry in json.loads(file.read_text())]


def employ(
    tx: Transaction, logins: Sequence[DemoLogin], hashes: dict[str, str], *, ids: Ids, now: datetime
) -> None:
    everywhere = frozenset(store.id for store in stores.every(tx))
    names = {login: name for login, name, _ in PEOPLE}
    for one in logins:
        if one.login in hashes:
            new = NewStaff(ids.uuid7(), one.login, names[one.login], one.role, hashes[one.login], everywhere)
            staff.create(tx, new, now=now)
