"""What a store shows: prices of now, live availability, search and pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update

from backend.db.transaction import Runner
from backend.errors import Refusal
from backend.inventory import products, stores
from backend.inventory.products import Page
from backend.inventory.tables import products as product_rows
from tests.backend.inventory.shelf import MINUTE, NOON, Shelf


@pytest.fixture
def shelf(run: Runner) -> Shelf:
    return Shelf(run)


@pytest.fixture
def listed(shelf: Shelf) -> Callable[..., Page]:
    return lambda **wanted: shelf.run.read(
        lambda tx: products.listing(tx, shelf.store, **{"now": NOON, **wanted})
    )


def skus(page: Page) -> list[str]:
    return [product.sku for product in page.products]


def test_the_latest_price_that_has_begun_is_shown(shelf: Shelf, listed: Callable[..., Page]) -> None:
    shelf.put("MILK", price_minor=500)
    shelf.price("MILK", 450, since=NOON - MINUTE)
    shelf.price("MILK", 900, since=NOON + MINUTE)
    assert listed().products[0].price_minor == 450


def test_pages_follow_each_other_without_gap_or_double(shelf: Shelf, listed: Callable[..., Page]) -> None:
    for number in range(5):
        shelf.put(f"SKU-{number}")
    seen, page = [], listed(limit=2)
    seen += skus(page)
    while page.next:
        page = listed(limit=2, after=page.next)
        seen += skus(page)
    assert seen == [f"SKU-{number}" for number in range(5)]


def test_a_search_finds_words_in_both_languages_and_numbers(
    shelf: Shelf, listed: Callable[..., Page]
) -> None:
    shelf.put("MILK")
    shelf.put("RICE")
    for q in ("milk", "سلعة MILK", "good milk", "MIL", "٢٠٠٠٠٠٠٠٠٠٠١"):
        assert skus(listed(q=q)) == ["MILK"], q
    assert skus(listed(q="%")) == []


def test_a_category_can_be_named_in_both_languages(shelf: Shelf, listed: Callable[..., Page]) -> None:
    shelf.put("MILK")
    assert [skus(listed(category=name)) for name in ("Goods", "سلع", "Toys")] == [["MILK"], ["MILK"], []]


def test_what_is_withdrawn_is_told_apart_from_what_is_sold_elsewhere(shelf: Shelf) -> None:
    Shelf(shelf.run, "J1")
    shelf.put("MILK")
    shelf.put("OLD")
    shelf.run(
        lambda tx: tx.execute(update(product_rows).where(product_rows.c.sku == "OLD").values(active=False))
    )
    for store, sku, code in (
        ("J1", "MILK", "product_unknown"),
        ("R1", "OLD", "product_withdrawn"),
        ("J1", "OLD", "product_unknown"),
        ("R1", "NEVER", "product_unknown"),
        ("X9", "MILK", "store_unknown"),
        ("R1\0", "MILK", "store_unknown"),
    ):
        with pytest.raises(Refusal, match=code):
            shelf.run.read(lambda tx, st=store, s=sku: products.find(tx, st, s, now=NOON))
    found = shelf.run.read(lambda tx: products.find(tx, "R1", "MILK", now=NOON))
    assert (found.store, found.product.sku) == (shelf.store, "MILK")


def test_a_store_code_with_a_nul_names_no_store(shelf: Shelf) -> None:
    with pytest.raises(Refusal, match="store_unknown"):
        shelf.run.read(lambda tx: stores.by_code(tx, f"{shelf.store.code}\0"))
