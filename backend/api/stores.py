"""The stores, and the printed catalogue of each."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from pydantic import BaseModel

from backend.api.auth import public, services
from backend.api.openapi import describe
from backend.api.products import file, label_text, picture_file
from backend.api.reading import answer, with_etag
from backend.db.transaction import Transaction
from backend.inventory import products, stores
from backend.inventory.products import Offer, Product
from backend.inventory.stores import Store
from catalogue.sheet import Card, catalogue_sheet

bp = Blueprint("stores", __name__, url_prefix="/v1/stores")


class StoreView(BaseModel):
    id: str
    code: str
    name: dict[str, str]
    currency: str
    timezone: str


class StoreList(BaseModel):
    stores: list[StoreView]


def present(store: Store) -> dict[str, Any]:
    return {
        "id": store.id,
        "code": store.code,
        "name": {"en": store.name_en, "ar": store.name_ar},
        "currency": store.currency,
        "timezone": store.timezone,
    }


@bp.get("")
@public
@describe("All stores", answers={200: StoreList})
def get_stores() -> Response:
    every = services().run.read(stores.every)
    return with_etag(answer(200, {"stores": [present(store) for store in every]}))


@bp.get("/<code>/sheet.pdf")
@public
@describe(
    "The printable catalogue of a store: pictures, prices, labels to scan",
    answers={200: "application/pdf"},
    problems=("store_unknown",),
)
def get_sheet(code: str) -> Response:
    at, now = services(), services().clock.now()

    def everything(tx: Transaction) -> tuple[Store, tuple[Product, ...]]:
        store = stores.by_code(tx, code)
        return store, tuple(products.everything(tx, store, now=now))

    store, sold = at.run.read(everything)
    cards = tuple(card(Offer(store, product)) for product in sold)
    return file(printed(cards, store, now.astimezone(ZoneInfo(store.timezone)).date()), "application/pdf")


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
