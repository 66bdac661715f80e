"""The stores, and the printed catalogue of each."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from pydantic import BaseModel

from backend.api.auth import public, services
from backend.api.openapi import describe
from backend.api.products import file
from backend.api.reading import answer, with_etag
from backend.db.transaction import Transaction
from backend.inventory import products, stores
from backend.inventory.products import Product
from backend.inventory.stores import Store

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
    from backend.api.sheets import sheet  # what draws takes half a second to import: nobody else waits for it

    return file(
        sheet(store, sold, prices_of=now.astimezone(ZoneInfo(store.timezone)).date()), "application/pdf"
    )
