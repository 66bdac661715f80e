"""A scanned label or a typed number becomes a piece in the cart."""

from __future__ import annotations

from flask import Blueprint, Response
from pydantic import BaseModel, Field, model_validator

from backend.api.auth import current_shopper, services, shopper
from backend.api.carts import CartLineView, CartView, present, present_line
from backend.api.openapi import describe
from backend.api.reading import Body, answer, read_json
from backend.carts.scan import Scan, scan
from backend.inventory.resolve_label import Named, read_code, read_typed

bp = Blueprint("scans", __name__, url_prefix="/v1/scans")

SCAN_PROBLEMS = (
    "label_unreadable",
    "label_foreign_host",
    "label_forged",
    "label_key_unknown",
    "label_out_of_date",
    "label_other_store",
    "gtin_invalid",
    "store_unknown",
    "product_unknown",
    "out_of_stock",
    "line_limit",
    "cart_limit",
    "pieces_limit",
    "product_limit",
    "product_withdrawn",
    "age_restricted",
    "cart_frozen",
)


class ScanBody(Body):
    """`code` as the camera read it, or `gtin` as typed together with the `store`.

    `store` beside a code says where the shopper thinks to be: a label of another store is then refused.
    """

    scan_id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    code: str | None = Field(default=None, min_length=1, max_length=2000)
    gtin: str | None = Field(default=None, min_length=1, max_length=64)
    store: str | None = Field(default=None, pattern=r"^[A-Z0-9]{2,4}$")

    @model_validator(mode="after")
    def one_of_the_two(self) -> ScanBody:
        if (self.code is None) == (self.gtin is None):
            raise ValueError("send either code or gtin")
        if self.gtin is not None and self.store is None:
            raise ValueError("a typed gtin needs its store")
        return self


class ScanView(BaseModel):
    line: CartLineView | None
    cart: CartView


@bp.post("")
@shopper
@describe(
    "One piece into the cart; a repeated scan_id changes nothing",
    body=ScanBody,
    answers={201: ScanView, 200: ScanView},
    problems=SCAN_PROBLEMS,
)
def post_scan() -> Response:
    who, at = current_shopper(), services()
    body = read_json(ScanBody)
    asked = Scan(who.shopper_id, body.scan_id, named(body))
    scanned = at.run(
        lambda tx: scan(tx, asked, lifetime=at.settings.cart_lifetime, ids=at.ids, now=at.clock.now())
    )
    line = present_line(scanned.line) if scanned.line else None
    return answer(
        200 if scanned.repeated else 201, {"line": line, "cart": present(scanned.cart, at.clock.now())}
    )


def named(body: ScanBody) -> Named:
    at = services()
    if body.code is not None:
        return read_code(body.code, host=at.settings.public_host, keys=at.label_keys, store_code=body.store)
    assert body.gtin is not None, "checked by the model"
    assert body.store is not None, "checked by the model"
    return read_typed(body.gtin, store_code=body.store)
