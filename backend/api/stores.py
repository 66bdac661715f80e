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
from backend.carts.discounts import Kind
from backend.carts.promotions import Listed, offered
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


class PromotionView(BaseModel):
    id: str
    kind: Kind
    name: dict[str, str]
    percent_bp: int | None
    amount_minor: int | None  # off; of a bundle: what it costs
    currency: str
    take: int | None  # of so many pieces …
    pay: int | None  # … so many are paid
    sku: str | None
    category_en: str | None
    bundle: dict[str, int] | None  # pieces by sku
    valid_to: str | None


class PromotionList(BaseModel):
    promotions: list[PromotionView]


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


@bp.get("/<code>/promotions")
@public
@describe(
    "What is cheaper in a store now for everybody, the newest first; coupons open more",
    answers={200: PromotionList},
    problems=("store_unknown",),
)
def get_promotions(code: str) -> Response:
    at, now = services(), services().clock.now()

    def read(tx: Transaction) -> tuple[Store, list[Listed]]:
        store = stores.by_code(tx, code)
        return store, offered(tx, store.id, now=now)

    store, running = at.run.read(read)
    return with_etag(answer(200, {"promotions": [offer(promotion, store) for promotion in running]}))


def offer(promotion: Listed, store: Store) -> dict[str, Any]:
    same = ("id", "kind", "percent_bp", "amount_minor", "take", "pay", "sku", "category_en", "bundle")
    until = promotion.valid_to
    return {
        **{name: getattr(promotion, name) for name in same},
        "name": {"en": promotion.name_en, "ar": promotion.name_ar},
        "currency": store.currency,
        "valid_to": until and until.isoformat(),
    }


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
