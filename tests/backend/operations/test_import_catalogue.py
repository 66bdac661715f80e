"""A CSV file becomes the shop's goods, all of it or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from backend.db import moments
from backend.db.moments import Moment
from backend.db.transaction import Runner
from backend.inventory.tables import prices, products, stock_movements
from backend.operations.import_catalogue import CatalogueRefused, Imported, import_file, import_products
from catalogue.gtin import restricted_gtin13
from catalogue.products_csv import COLUMNS, ProductRow, write_products_csv
from tests.backend.carts.trolley import Trolley
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf

MILK = ProductRow(
    2, "MILK", "2000000000015", "Milk", "حليب", "Dairy", "ألبان", 600, "SAR", 1500, "milk.webp", {"R1": 10}
)
RICE = replace(MILK, line=3, sku="RICE", gtin="2000000000022", name_en="Rice", on_hand={"R1": 5})
NOTHING = Imported(0, 0, 0, 0, 0)


@pytest.fixture
def shelf(run: Runner) -> Shelf:
    return Shelf(run)


def take(shelf: Shelf, *rows: ProductRow, minutes: int = 0) -> Imported:
    return import_products(shelf.run, rows, ids=IDS, now=NOON + minutes * MINUTE)


def rows_of(shelf: Shelf, table: object) -> int:
    counted = select(func.count()).select_from(table)  # type: ignore[arg-type]
    return int(shelf.run.read(lambda tx: tx.execute(counted).scalar_one()))


def test_a_first_import_receives_what_the_file_counts(shelf: Shelf) -> None:
    assert take(shelf, MILK, RICE) == Imported(2, 0, 2, 15, 0)
    assert (shelf.counted("MILK"), shelf.moved("MILK")) == ((10, 0), 10)


def test_the_same_file_again_changes_nothing(shelf: Shelf) -> None:
    take(shelf, MILK, RICE)
    assert take(shelf, MILK, RICE, minutes=1) == NOTHING
    assert (rows_of(shelf, prices), rows_of(shelf, stock_movements)) == (2, 2)


def test_a_later_file_is_a_count_and_a_new_price(shelf: Shelf) -> None:
    take(shelf, MILK)
    later = replace(MILK, price_minor=650, name_en="Fresh milk", on_hand={"R1": 7})
    assert take(shelf, later, minutes=1) == Imported(0, 1, 1, 0, 1)
    assert (shelf.counted("MILK"), shelf.moved("MILK")) == ((7, 0), 7)
    assert rows_of(shelf, prices) == 2


def test_what_carts_hold_cannot_be_counted_away(shelf: Shelf) -> None:
    take(shelf, MILK, RICE)
    Trolley(shelf).filled(*["MILK"] * 4)
    fewer = [replace(MILK, on_hand={"R1": 3}), replace(RICE, price_minor=1)]
    with pytest.raises(CatalogueRefused) as caught:
        take(shelf, *fewer, minutes=1)
    assert [(line.line, line.field) for line in caught.value.lines] == [(2, "stock:R1")]
    assert (shelf.counted("MILK"), rows_of(shelf, prices)) == ((10, 4), 2)


def test_every_line_that_cannot_be_taken_is_named_and_nothing_is(shelf: Shelf) -> None:
    take(shelf, MILK)
    wrong = [
        replace(RICE, gtin=MILK.gtin),
        replace(RICE, line=4, sku="TEA", gtin="2000000000039", currency="USD"),
        replace(RICE, line=5, sku="OIL", gtin="2000000000046", on_hand={"X9": 1}),
    ]
    with pytest.raises(CatalogueRefused) as caught:
        take(shelf, *wrong)
    named = [(line.line, line.field) for line in caught.value.lines]
    assert named == [(3, "gtin"), (4, "currency"), (5, "stock:X9")]
    assert rows_of(shelf, products) == 1


def test_a_file_with_a_fault_is_refused_as_a_whole(shelf: Shelf) -> None:
    data = write_products_csv([MILK, RICE])
    faulty = data.replace(b"RICE", b"rice")
    with pytest.raises(CatalogueRefused):
        import_file(shelf.run, faulty, ids=IDS, now=NOON)
    assert rows_of(shelf, products) == 0
    assert import_file(shelf.run, data, ids=IDS, now=NOON).products_new == 2


FAULTS = (  # of a line: what stands there, and what instead
    (",SAR,", ",sar,"),
    (",1500,", ",15 %,"),
    ("Good", "=cmd|Good"),
    ("Good", "Go\ufeffod"),
    ("Good", "Go\x00od"),
    ("سلعة", ""),
    ("stock", "-1"),
    ("stock", "1,5"),
    ("stock", "1.5"),
    ("stock", "١٢"),
    ("600", "6,00"),
    ("600", "0"),
    ("600", "10000000000"),
    ("-SKU", "-sku"),
)


def large(lines: int, planted: dict[int, tuple[str, str]]) -> bytes:
    heading = ",".join([*COLUMNS, "stock:R1"])
    rows = [
        f"{n}-SKU,{restricted_gtin13(n)},Good {n},سلعة,Goods,سلع,600,SAR,1500,,stock"
        for n in range(1, lines + 1)
    ]
    for n, (there, instead) in planted.items():
        rows[n] = rows[n].replace(there, instead)
    return "\n".join([heading, *(row.replace("stock", "7") for row in rows)]).encode()


def test_of_a_large_file_every_planted_fault_is_named_and_no_other_line(shelf: Shelf) -> None:
    planted = {n * 47: FAULTS[n % len(FAULTS)] for n in range(42)}
    with pytest.raises(CatalogueRefused) as no:
        import_file(shelf.run, large(2_000, planted), ids=IDS, now=NOON)
    assert {refused.line for refused in no.value.lines} == {n + 2 for n in planted}
    assert rows_of(shelf, products) == 0


def test_a_large_file_that_is_cut_off_leaves_nothing_and_twice_changes_nothing(shelf: Shelf) -> None:
    def cut(_moment: Moment) -> None:
        raise KeyboardInterrupt

    moments.listen(cut)
    try:
        with pytest.raises(KeyboardInterrupt):
            import_file(shelf.run, large(2_000, {}), ids=IDS, now=NOON)
    finally:
        moments.listen(moments.nobody)
    assert [rows_of(shelf, table) for table in (products, prices, stock_movements)] == [0, 0, 0]
    assert import_file(shelf.run, large(2_000, {}), ids=IDS, now=NOON).pieces_received == 14_000
    assert import_file(shelf.run, large(2_000, {}), ids=IDS, now=NOON + MINUTE) == NOTHING
