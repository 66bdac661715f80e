"""The printed catalogue of a store, drawn."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from backend.api.products import label_text, picture_file
from backend.inventory.products import Offer, Product
from backend.inventory.stores import Store
from catalogue.sheet import Card, catalogue_sheet


def sheet(store: Store, sold: Iterable[Product], *, prices_of: date) -> bytes:
    return printed(tuple(card(Offer(store, product)) for product in sold), store, prices_of)


def card(offer: Offer) -> Card:
    product = offer.product
    picture = picture_file(product.picture)
    return Card(
        name_en=product.name_en,
        name_ar=product.name_ar,
        category_en=product.category_en,
        category_ar=product.category_ar,
        price_minor=product.price_minor,
        currency=product.currency,
        vat_rate_bp=product.vat_rate_bp,
        gtin=product.gtin,
        label=label_text(offer),
        picture=picture.read_bytes() if picture else None,
    )


@lru_cache(maxsize=8)
def printed(cards: tuple[Card, ...], store: Store, prices_of: date) -> bytes:
    """Anybody may ask for it and it takes a second to draw: the same cards are drawn once."""
    return catalogue_sheet(
        cards, store_name_en=store.name_en, store_name_ar=store.name_ar, prices_of=prices_of
    )
