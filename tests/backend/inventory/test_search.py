from __future__ import annotations

import pytest
from sqlalchemy import update

from backend.db.transaction import Runner
from backend.inventory import products, search
from backend.inventory.tables import products as product_rows
from backend.inventory.words import gaps, one_typo_apart, words
from tests.backend.inventory.shelf import NOON, Shelf

NAMES = {
    "RICE": ("Basmati rice", "أرز بسمتي"),
    "COFFEE": ("Roasted coffee", "القهوة المُحمّصة"),
    "TEA": ("Tea", "شاي"),
}


@pytest.fixture
def found(run: Runner):
    shelf = Shelf(run)
    for sku, (name_en, name_ar) in NAMES.items():
        shelf.put(sku)
        named = {"name_en": name_en, "name_ar": name_ar, "category_en": "Food", "category_ar": "طعام"}
        run(lambda tx, sku=sku, named=named: rename(tx, sku, named))
    unindexed = run.read(search.missing)
    assert sorted(unindexed) == sorted(NAMES)
    run(lambda tx: search.index(tx, unindexed))
    assert run.read(search.missing) == []

    def find(q):
        page = run.read(lambda tx: products.listing(tx, shelf.store, q=q, now=NOON))
        return {product.sku for product in page.products}

    return find


def rename(tx, sku, named):
    tx.execute(update(product_rows).where(product_rows.c.sku == sku).values(named))
    search.forget(tx, [sku])


@pytest.mark.parametrize(
    ("q", "wanted"),
    [
        ("rice", {"RICE"}),
        ("bas", {"RICE"}),  # a begin
        ("BASMATI", {"RICE"}),
        ("basmti", {"RICE"}),  # a letter too few
        ("bassmati", {"RICE"}),  # too many
        ("basnati", {"RICE"}),  # another
        ("bamsati", {"RICE"}),  # two changed places
        ("food cofee", {"COFFEE"}),
        ("food", {"RICE", "COFFEE", "TEA"}),
        ("ارز", {"RICE"}),  # without its hamza
        ("قهوه", {"COFFEE"}),  # without the article, with another ending
        ("محمصة", {"COFFEE"}),  # without vowel signs
        ("بسمني", {"RICE"}),
        ("food nothing", set()),
        ("teb", set()),  # too short to be mistyped
        ("%", set()),
    ],
)
def test_words_find_their_products(found, q, wanted):
    assert found(q) == wanted


def test_what_is_written_in_many_ways_is_one_word():
    assert words("Crème BRÛLÉE") == ["creme", "brulee"]
    assert words("أَرُزّ آرز إرز") == ["ارز", "ارز", "ارز"]
    assert words("السكر ٢٥٠") == ["سكر", "250"]


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("rice", "rice", True),
        ("rice", "rices", True),
        ("rice", "ric", True),
        ("rice", "mice", True),
        ("rice", "irce", True),
        ("rice", "rcie", True),
        ("rice", "mine", False),
        ("rice", "icer", False),
        ("rice", "price s", False),
    ],
)
def test_one_typo_is_seen_and_two_are_not(one, other, near):
    assert one_typo_apart(one, other) is one_typo_apart(other, one) is near
    if near and len(other) >= 4:
        assert gaps(one) & gaps(other)
