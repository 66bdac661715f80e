"""Which products a few typed words mean: each word begins a word of the product, or is one typo from it.

The words of all products stand in an index that the worker keeps; nothing is searched inside texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, false, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.transaction import Transaction
from backend.inventory.tables import product_words, products, word_gaps
from backend.inventory.words import gaps, one_typo_apart, words

QUERY_WORDS_MAX = 6
INDEXED_MAX = 500  # products in a transaction
LAST = "\U0010ffff"  # sorts after every letter


def matching(tx: Transaction, q: str) -> list[ColumnElement[bool]]:
    """Conditions on `products`: one for each word."""
    asked = words(q)[:QUERY_WORDS_MAX]
    return [_means(tx, word) for word in asked] if asked else [false()]


def _means(tx: Transaction, word: str) -> ColumnElement[bool]:
    indexed = product_words.c
    begins: ColumnElement[bool] = (indexed.word >= word) & (indexed.word < word + LAST)
    if tx.execute(select(indexed.word).where(begins).limit(1)).first() is None:
        begins = indexed.word.in_(_near(tx, word))
    return products.c.sku.in_(select(indexed.sku).where(begins))


def _near(tx: Transaction, word: str) -> list[str]:
    shared = select(word_gaps.c.word).where(word_gaps.c.gap.in_(gaps(word))).distinct()
    return [near for near in tx.execute(shared).scalars() if one_typo_apart(word, near)]


def missing(tx: Transaction) -> Sequence[str]:
    """Up to INDEXED_MAX products that nobody has indexed yet."""
    known = select(product_words.c.sku).where(product_words.c.sku == products.c.sku).exists()
    return tx.execute(select(products.c.sku).where(~known).limit(INDEXED_MAX)).scalars().all()


def index(tx: Transaction, skus: Sequence[str]) -> None:
    rows = tx.execute(select(products).where(products.c.sku.in_(skus)))
    of_product = {row.sku: _words_of(row) for row in rows}
    _add(tx, product_words, ({"word": w, "sku": sku} for sku, found in of_product.items() for w in found))
    vocabulary = set().union(*of_product.values())
    _add(tx, word_gaps, ({"gap": gap, "word": word} for word in vocabulary for gap in gaps(word)))


def forget(tx: Transaction, skus: Sequence[str]) -> None:
    """Whose names changed: they are indexed anew."""
    for start in range(0, len(skus), INDEXED_MAX):
        tx.execute(delete(product_words).where(product_words.c.sku.in_(skus[start : start + INDEXED_MAX])))


def _words_of(row: Any) -> set[str]:
    texts = (
        row.sku,
        row.gtin,
        row.gtin.lstrip("0"),
        row.name_en,
        row.name_ar,
        row.category_en,
        row.category_ar,
    )
    return {word for text in texts for word in words(text)}


def _add(tx: Transaction, table: Table, rows: Iterable[dict[str, str]]) -> None:
    """What is there already stays: another worker may have been faster."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    new = sorted(rows, key=lambda row: tuple(row.values()))  # one lock order
    if new:
        tx.execute(dialect.insert(table).on_conflict_do_nothing(), new)
