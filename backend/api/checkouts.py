"""From a cart to a paid order: open, prove who you are, pay."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from backend.api.auth import current_shopper, device, services, shopper
from backend.api.carts import DiscountView, present_discount
from backend.api.openapi import describe
from backend.api.pictures import PICTURES_BYTES_MAX, read_frames
from backend.api.reading import Body, answer, idempotency, read_json, stored
from backend.channels import phone
from backend.checkout import card
from backend.checkout.card import Cards
from backend.checkout.open import Checkout, OpenCheckout, cancel, find, open_checkout
from backend.checkout.pay import PayWithPin, pay
from backend.checkout.ports import PaymentGateway
from backend.db import idempotency as records
from backend.db.idempotency import Answer
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.faces.verify import FRAMES_MAX
from backend.identity.pins import normal_digits
from backend.money import MINOR_MAX

bp = Blueprint("checkouts", __name__, url_prefix="/v1/checkouts")
STEP_PROBLEMS = ("checkout_not_found", "checkout_not_open", "checkout_expired")


class OpenBody(Body):
    cart_id: Annotated[UUID, Field(strict=False)]
    total_minor: int | None = Field(
        default=None,
        ge=1,
        le=MINOR_MAX,
        description="What the shopper saw; if it costs more now, nothing is opened",
    )


class FramesBody(Body):
    """Multipart is the first choice; here pictures are strict base64."""

    nonce: str = Field(min_length=1, max_length=64)
    frames: list[str] = Field(min_length=1, max_length=FRAMES_MAX)


class PasswordBody(Body):
    password: str = Field(min_length=1, max_length=200, repr=False)


class PayBody(Body):
    grant: str = Field(min_length=1, max_length=4096, repr=False)
    pin: str = Field(min_length=1, max_length=12, repr=False)
    method: Literal["wallet", "card"] = "wallet"


class CheckoutLine(BaseModel):
    id: str
    sku: str
    name: dict[str, str]
    quantity: int
    unit_price_minor: int
    gross_minor: int
    discount_minor: int
    vat_rate_bp: int
    vat_minor: int


class CheckoutView(BaseModel):
    id: str
    cart_id: str
    state: str
    store: str
    lines: list[CheckoutLine]
    discounts: list[DiscountView]
    total_minor: int
    vat_minor: int
    currency: str
    cart_hash: str
    expires_at: str


class ChallengeView(BaseModel):
    nonce: str
    expires_at: str


class Received(BaseModel):
    """The same whether it matched or not: the result goes to the device alone."""

    state: str


class PaidOrder(BaseModel):
    id: str
    receipt_number: int
    state: str
    total_minor: int
    currency: str
    store: str
    placed_at: str


class Paid(BaseModel):
    order: PaidOrder
    message: str
    next: str


class CardPaymentBegun(BaseModel):
    gateway: str
    expires_at: str


class Paying(BaseModel):
    """Nothing is charged yet: GET …/payment gives what confirms it at the gateway."""

    state: str
    payment: CardPaymentBegun


class CardPaymentView(BaseModel):
    gateway: str
    state: Literal["pending", "failed", "cancelled", "captured", "returning", "returned"]
    amount_minor: int
    currency: str
    expires_at: str
    client_secret: (
        str | None
    )  # for the gateway's own form in the shopper's application; null: nothing to confirm


def present(checkout: Checkout) -> dict[str, Any]:
    return {
        "id": checkout.id,
        "cart_id": checkout.cart_id,
        "state": checkout.state,
        "store": checkout.store_code,
        "lines": [
            {
                "id": line["id"],
                "sku": line["sku"],
                "name": {"en": line["name_en"], "ar": line["name_ar"]},
                "quantity": line["quantity"],
                "unit_price_minor": line["unit_price_minor"],
                "gross_minor": line["gross_minor"],
                "discount_minor": line.get("discount_minor", 0),
                "vat_rate_bp": line["vat_rate_bp"],
                "vat_minor": line["vat_minor"],
            }
            for line in checkout.lines
        ],
        "discounts": [present_discount(each) for each in checkout.discounts],
        "total_minor": checkout.total_minor,
        "vat_minor": sum(line["vat_minor"] for line in checkout.lines),
        "currency": checkout.currency,
        "cart_hash": checkout.cart_hash,
        "expires_at": checkout.expires_at.isoformat(),
    }


@bp.post("")
@device
@describe(
    "Freeze a cart and its prices",
    body=OpenBody,
    answers={201: CheckoutView},
    idempotent=True,
    problems=(
        "cart_not_found",
        "cart_empty",
        "cart_expired",
        "cart_frozen",
        "cart_changed",
        "coupon_used_up",
    ),
)
def post_checkout() -> Response:
    who, at = current_shopper(), services()
    body = read_json(OpenBody)
    once = idempotency("checkouts", who.shopper_id)
    command = OpenCheckout(str(body.cart_id), who.shopper_id, who.device_id, seen_minor=body.total_minor)

    def work(tx: Transaction) -> Answer:
        now = at.clock.now()
        if known := records.claim(tx, once, now=now):
            return known
        opened = open_checkout(tx, command, lifetime=at.settings.checkout_lifetime, ids=at.ids, now=now)
        new = Answer(201, json.dumps(present(opened), ensure_ascii=False))
        records.finish(tx, once, new)
        return new

    return stored(at.run(work))


@bp.get("/<uuid:checkout_id>")
@shopper
@describe("One checkout", answers={200: CheckoutView}, problems=("checkout_not_found",))
def get_checkout(checkout_id: UUID) -> Response:
    who, at = current_shopper(), services()
    return answer(200, present(at.run.read(lambda tx: find(tx, str(checkout_id), who.shopper_id))))


@bp.delete("/<uuid:checkout_id>")
@shopper
@describe(
    "Give the cart back; a card payment is withdrawn at the gateway first",
    answers={204: None},
    problems=("checkout_not_found", "checkout_not_open", "card_unavailable", "gateway_unavailable"),
)
def delete_checkout(checkout_id: UUID) -> Response:
    who, at = current_shopper(), services()
    if at.run.read(lambda tx: find(tx, str(checkout_id), who.shopper_id)).state == "paying":
        gateway = card_gateway()
        card.cancel(str(checkout_id), who.shopper_id, run=at.run, gateway=gateway, ids=at.ids, clock=at.clock)
    else:
        at.run(lambda tx: cancel(tx, str(checkout_id), who.shopper_id, now=at.clock.now()))
    return answer(204)


@bp.get("/<uuid:checkout_id>/payment")
@device
@describe(
    "How a card payment stands at the gateway, and the secret that confirms it there",
    answers={200: CardPaymentView},
    problems=("checkout_not_found", "card_unavailable", "gateway_unavailable"),
)
def get_payment(checkout_id: UUID) -> Response:
    who, at, gateway = current_shopper(), services(), card_gateway()
    looked = card.look(
        str(checkout_id), who.shopper_id, run=at.run, gateway=gateway, ids=at.ids, clock=at.clock
    )
    payment = looked.payment
    return answer(
        200,
        {
            "gateway": payment.gateway,
            "state": payment.state,
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "expires_at": payment.until.isoformat(),
            "client_secret": looked.client_secret,
        },
    )


def card_gateway() -> PaymentGateway:
    """Raises Refusal card_unavailable in a shop that takes none."""
    gateway = services().gateway
    if gateway is None:
        raise Refusal("card_unavailable")
    return gateway


def step(checkout_id: UUID) -> phone.Step:
    who = current_shopper()
    return phone.Step(str(checkout_id), who.shopper_id, who.device_id)


@bp.post("/<uuid:checkout_id>/challenge")
@device
@describe(
    "A nonce for the next pictures, bound to checkout and device",
    answers={201: ChallengeView},
    problems=STEP_PROBLEMS,
)
def post_challenge(checkout_id: UUID) -> Response:
    at = services()
    challenge = phone.start(at.run, step(checkout_id), ids=at.ids, now=at.clock.now())
    return answer(201, {"nonce": challenge.nonce, "expires_at": challenge.expires_at.isoformat()})


@bp.post("/<uuid:checkout_id>/face")
@device
@describe(
    "Answer the challenge with one to five pictures of the face",
    multipart={"nonce": "from the challenge", "frame": "JPEG, PNG or WebP; one to five"},
    body=FramesBody,
    answers={202: Received},
    problems=(
        *STEP_PROBLEMS,
        "challenge_refused",
        "frames_count",
        "consent_missing",
        "face_not_enrolled",
        "face_outdated",
        "faces_busy",
        "payment_refused",
    ),
    body_bytes_max=PICTURES_BYTES_MAX,
)
def post_face(checkout_id: UUID) -> Response:
    at = services()
    nonce, frames = read_frames(FramesBody)
    phone.prove_by_face(
        step(checkout_id),
        nonce,
        frames,
        run=at.run,
        keys=at.keys,
        key_wrap=at.key_wrap,
        faces=at.faces,
        sealer=at.sealer,
        grant_lifetime=at.settings.grant_lifetime,
        ids=at.ids,
        clock=at.clock,
    )
    return answer(202, {"state": "received"})


@bp.post("/<uuid:checkout_id>/password")
@device
@describe(
    "The equal way without a face: the password on the enrolled device",
    body=PasswordBody,
    answers={202: Received},
    problems=(*STEP_PROBLEMS, "password_missing", "payment_refused"),
)
def post_password(checkout_id: UUID) -> Response:
    at = services()
    phone.prove_by_password(
        step(checkout_id),
        read_json(PasswordBody).password,
        run=at.run,
        hasher=at.pin_hasher,
        sealer=at.sealer,
        grant_lifetime=at.settings.grant_lifetime,
        ids=at.ids,
        clock=at.clock,
    )
    return answer(202, {"state": "received"})


@bp.post("/<uuid:checkout_id>/pay")
@device
@describe(
    "Pay with the grant that reached this device and the PIN",
    body=PayBody,
    answers={201: Paid, 202: Paying},
    idempotent=True,
    problems=(
        *STEP_PROBLEMS,
        "payment_not_authorised",
        "payment_refused",
        "pin_missing",
        "wallet_short",
        "reservation_expired",
        "card_unavailable",
    ),
)
def post_payment(checkout_id: UUID) -> Response:
    who, at = current_shopper(), services()
    body = read_json(PayBody)
    once = idempotency(f"checkouts/{checkout_id}/pay", who.shopper_id)
    if known := at.run.look(lambda tx: records.answered(tx, once)):
        return stored(known)
    command = PayWithPin(
        checkout_id=str(checkout_id),
        shopper_id=who.shopper_id,
        device_id=who.device_id,
        grant=body.grant,
        pin=normal_digits(body.pin),
        cards=Cards(card_gateway().name, at.settings.card_wait) if body.method == "card" else None,
        once=once,
    )
    paid = pay(command, run=at.run, hasher=at.pin_hasher, sealer=at.sealer, ids=at.ids, clock=at.clock)
    return stored(paid)
