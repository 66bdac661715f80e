"""The demo shop is made once and stays as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db.schema import metadata
from backend.db.transaction import Runner
from backend.inventory import products, stores
from backend.operations.seed import DemoLogin, seed
from catalogue.products_csv import ProductRow, write_products_csv
from tests.backend.inventory.shelf import IDS, MINUTE, NOON
from tests.fakes import QuickHasher

MILK = ProductRow(
    2, "MILK", "2000000000015", "Milk", "حليب", "Dairy", "ألبان", 600, "SAR", 1500, "", {"R1": 9, "J1": 4}
)
GOODS = [MILK, replace(MILK, sku="RICE", gtin="2000000000022", on_hand={"R1": 5})]
HASHER = QuickHasher()


def sown(run: Runner, data: Path, minutes: int = 0) -> list[DemoLogin]:
    file = data / "products.csv"
    file.write_bytes(write_products_csv(GOODS))
    now = NOON + minutes * MINUTE
    return seed(run, data=data, hasher=HASHER, ids=IDS, now=now, products_csv=file)


def everything(run: Runner) -> dict[str, list[tuple[object, ...]]]:
    return run.read(
        lambda tx: {
            t.name: sorted(map(tuple, tx.execute(select(t))), key=str) for t in metadata.sorted_tables
        }
    )


@pytest.fixture
def logins(run: Runner, data_folder: Path) -> list[DemoLogin]:
    return sown(run, data_folder)


def test_two_stores_offer_the_demo_catalogue(run: Runner, logins: list[DemoLogin]) -> None:
    both = run.read(stores.every)
    assert [(s.code, s.currency, s.timezone) for s in both] == [
        ("J1", "SAR", "Asia/Riyadh"),
        ("R1", "SAR", "Asia/Riyadh"),
    ]
    offered = [run.read(lambda tx, s=store: products.everything(tx, s, now=NOON)) for store in both]
    assert [[(p.sku, p.available) for p in store] for store in offered] == [
        [("MILK", 4)],
        [("MILK", 9), ("RICE", 5)],
    ]


def test_a_second_seed_changes_nothing(run: Runner, data_folder: Path, logins: list[DemoLogin]) -> None:
    before = everything(run)
    assert sown(run, data_folder, minutes=5) == logins
    assert everything(run) == before


def test_the_logins_are_random_and_for_the_owner_only(data_folder: Path, logins: list[DemoLogin]) -> None:
    assert {one.role for one in logins} == {"cashier", "packer", "manager", "administrator"}
    assert len({one.password for one in logins}) == 4
    assert min(len(one.password) for one in logins) >= 15
    assert (data_folder / "demo-logins.json").stat().st_mode & 0o777 == 0o600
    assert logins[0].password not in repr(logins)
