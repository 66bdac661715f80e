"""The stores, and the printed catalogue of each."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from pydantic import BaseModel

from backend.api.auth import public, services
from backend.api.openapi import describe
from backend.api.reading import answer, with_etag
from backend.inventory import stores
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
