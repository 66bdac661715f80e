"""The shopper's cart in a store: look, change, prolong, empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from backend.api.auth import current_shopper, services, shopper
from backend.api.openapi import describe
from backend.api.products import STORE, asked, picture_url
from backend.api.reading import Body, answer, read_json
from backend.carts import cart as carts
from backend.carts import change
from backend.carts.cart import EXTENSIONS_MAX, Cart, CartLine
from backend.carts.prices import accept_prices
from backend.checkout import coupons
from backend.db.transaction import Transaction

bp = Blueprint("carts", __name__, url_prefix="/v1/carts")
CART_PROBLEMS = ("cart_not_found", "cart_frozen", "cart_expired")
QUANTITY_MAX = 1_000_000  # what a line may hold is the cart's own rule, with a refusal of its own


class QuantityBody(Body):
    quantity: int = Field(ge=1, le=QUANTITY_MAX)


class CouponBody(Body):
    code: str = Field(min_length=1, max_length=32, examples=["WELCOME-10"])


class CartLineView(BaseModel):
    id: str
    sku: str
    name: dict[str, str]
    picture_url: str | None
    quantity: int
    unit_price_minor: int
    current_price_minor: int | None
    gross_minor: int
    discount_minor: int
    vat_rate_bp: int
    vat_minor: int


class DiscountView(BaseModel):
    id: str
    name: dict[str, str]
    amount_minor: int


class CartView(BaseModel):
    id: str
    store: str
    state: str
    currency: str
    lines: list[CartLineView]
    discounts: list[DiscountView]
    coupon: str | None
    total_minor: int
    vat_minor: int
    pieces: int
    expires_at: str
    seconds_left: int
    extensions_left: int
    cart_hash: str


class CurrentCart(BaseModel):
    cart: CartView | None


def present(cart: Cart, now: datetime) -> dict[str, Any]:
    return {
        "id": cart.id,
        "store": cart.store_code,
        "state": cart.state,
        "currency": cart.currency,
        "lines": [present_line(line) for line in cart.lines],
        "discounts": [present_discount(asdict(each)) for each in cart.discounts],
        "coupon": cart.coupon,
        "total_minor": cart.total_minor,
        "vat_minor": cart.vat_minor,
        "pieces": cart.pieces,
        "expires_at": cart.expires_at.isoformat(),
        "seconds_left": max(0, int((cart.expires_at - now).total_seconds())),
        "extensions_left": EXTENSIONS_MAX - cart.extensions,
        "cart_hash": cart.hash,
    }


def present_line(line: CartLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "sku": line.sku,
        "name": {"en": line.name_en, "ar": line.name_ar},
        "picture_url": picture_url(line.sku, line.picture),
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "current_price_minor": line.current_price_minor,
        "gross_minor": line.gross_minor,
        "discount_minor": line.discount_minor,
        "vat_rate_bp": line.vat_rate_bp,
        "vat_minor": line.vat_minor,
    }


def present_discount(discount: Mapping[str, Any]) -> dict[str, Any]:
    """Of a cart, or as a checkout has frozen it."""
    return {
        "id": discount["id"],
        "name": {"en": discount["name_en"], "ar": discount["name_ar"]},
        "amount_minor": discount["amount_minor"],
    }


@bp.get("/current")
@shopper
@describe(
    "The open cart in a store, or the frozen one while its checkout is under way",
    query=STORE,
    answers={200: CurrentCart},
    problems=("store_unknown",),
)
def get_current() -> Response:
    who, at = current_shopper(), services()
    now = at.clock.now()
    cart = at.run.read(lambda tx: carts.current(tx, who.shopper_id, asked("store"), now=now))
    return answer(200, {"cart": present(cart, now) if cart else None})


@bp.patch("/<uuid:cart_id>/lines/<uuid:line_id>")
@shopper
@describe(
    "How many pieces of a line",
    body=QuantityBody,
    answers={200: CartView},
    problems=(
        *CART_PROBLEMS,
        "line_not_found",
        "out_of_stock",
        "line_limit",
        "pieces_limit",
        "product_limit",
    ),
)
def patch_line(cart_id: UUID, line_id: UUID) -> Response:
    quantity = read_json(QuantityBody).quantity
    return changed(
        lambda tx, shopper_id, now: change.set_quantity(
            tx, str(cart_id), str(line_id), shopper_id=shopper_id, quantity=quantity, now=now
        )
    )


@bp.delete("/<uuid:cart_id>/lines/<uuid:line_id>")
@shopper
@describe("Take a line out", answers={200: CartView}, problems=(*CART_PROBLEMS, "line_not_found"))
def delete_line(cart_id: UUID, line_id: UUID) -> Response:
    return changed(
        lambda tx, shopper_id, now: change.remove(
            tx, str(cart_id), str(line_id), shopper_id=shopper_id, now=now
        )
    )


@bp.delete("/<uuid:cart_id>")
@shopper
@describe("Empty the cart", answers={200: CartView}, problems=CART_PROBLEMS)
def delete_cart(cart_id: UUID) -> Response:
    return changed(lambda tx, shopper_id, now: change.empty(tx, str(cart_id), shopper_id=shopper_id, now=now))


@bp.post("/<uuid:cart_id>/extension")
@shopper
@describe(
    "Hold the goods for another while",
    answers={200: CartView},
    problems=(*CART_PROBLEMS, "extension_limit"),
)
def post_extension(cart_id: UUID) -> Response:
    lifetime = services().settings.cart_lifetime
    return changed(
        lambda tx, shopper_id, now: change.extend(
            tx, str(cart_id), shopper_id=shopper_id, lifetime=lifetime, now=now
        )
    )


@bp.post("/<uuid:cart_id>/prices")
@shopper
@describe("Accept today's prices", answers={200: CartView}, problems=CART_PROBLEMS)
def post_prices(cart_id: UUID) -> Response:
    return changed(
        lambda tx, shopper_id, now: accept_prices(tx, str(cart_id), shopper_id=shopper_id, now=now)
    )


@bp.put("/<uuid:cart_id>/coupon")
@shopper
@describe(
    "Use a coupon, in place of the one that the cart has",
    body=CouponBody,
    answers={200: CartView},
    problems=(*CART_PROBLEMS, "coupon_unknown", "coupon_not_yet", "coupon_over"),
)
def put_coupon(cart_id: UUID) -> Response:
    code = read_json(CouponBody).code.upper()
    return changed(
        lambda tx, shopper_id, now: coupons.put(tx, str(cart_id), code, shopper_id=shopper_id, now=now)
    )


@bp.delete("/<uuid:cart_id>/coupon")
@shopper
@describe("Use no coupon", answers={200: CartView}, problems=CART_PROBLEMS)
def delete_coupon(cart_id: UUID) -> Response:
    return changed(
        lambda tx, shopper_id, now: coupons.take_off(tx, str(cart_id), shopper_id=shopper_id, now=now)
    )


def changed(act: Callable[[Transaction, str, datetime], Cart]) -> Response:
    """The cart after `act`, in one transaction."""
    who, at = current_shopper(), services()
    cart = at.run(lambda tx: act(tx, who.shopper_id, at.clock.now()))
    return answer(200, present(cart, at.clock.now()))
