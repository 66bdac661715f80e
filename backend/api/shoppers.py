"""Shoppers: a guest at the first scan, an account later, and the PIN."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from flask import Blueprint, Response
from pydantic import BaseModel, Field

from backend.api import introduction
from backend.api.auth import Who, current_shopper, device, public, services, shopper
from backend.api.introduction import DeviceBody, SignedIn
from backend.api.openapi import describe
from backend.api.reading import Body, answer, read_json
from backend.api.sessions import PROOF_PROBLEMS
from backend.api.wallet import CURRENCY
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.faces import vault, versions
from backend.faces.enrol import TEMPLATES_MAX, TEMPLATES_MIN
from backend.identity import consents, locks, pins, sessions, shoppers
from backend.identity.passwords import CHARS_MAX
from backend.identity.registration import ChoosePin, Register, choose_pin, register
from backend.identity.shoppers import Shopper
from backend.ledger.accounts import balance

bp = Blueprint("shoppers", __name__, url_prefix="/v1/shoppers")
GUESTS_WINDOW = timedelta(hours=1)


class GuestBody(Body):
    device: DeviceBody
    language: Literal["en", "ar"]


class RegistrationBody(Body):
    login: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000, repr=False)
    display_name: str = Field(min_length=1, max_length=200)


class PinBody(Body):
    """`password` is needed to change a PIN that is there."""

    pin: str = Field(min_length=1, max_length=12, repr=False)
    password: str | None = Field(default=None, max_length=CHARS_MAX, repr=False)


class FaceState(BaseModel):
    consented: bool
    templates: int  # of the present model
    templates_min: int
    templates_max: int
    model: str
    outdated: bool  # enrolled for another model: to be enrolled again


class WalletState(BaseModel):
    balance_minor: int
    currency: str


class Me(BaseModel):
    id: str
    login: str | None
    display_name: str | None
    guest: bool
    language: str
    has_pin: bool
    face: FaceState
    wallet: WalletState


@bp.post("")
@public
@describe(
    "Become a guest; header Device-Proof with the key",
    body=GuestBody,
    answers={201: SignedIn},
    problems=("too_many_guests", *PROOF_PROBLEMS),
)
def post_shopper() -> Response:
    at, body = services(), read_json(GuestBody)
    own_device = introduction.introduced(body.device)

    def begin(tx: Transaction) -> sessions.Session:
        now = at.clock.now()
        demand_room_for_guest(tx, now)
        guest = shoppers.create_guest(tx, shopper_id=at.ids.uuid7(), language=body.language, now=now)
        return sessions.begin(tx, guest.id, own_device, now=now, ids=at.ids)

    return introduction.signed_in(201, at.run(begin))


def demand_room_for_guest(tx: Transaction, now: datetime) -> None:
    """Raises Refusal too_many_guests: rows of strangers are bounded for each network."""
    at, limit = services(), services().settings.guests_per_hour_max
    subject = f"guests:{at.tokens.digest('guests', introduction.origin())}"
    if not locks.count(tx, subject, at_most=limit, window=GUESTS_WINDOW, now=now):
        raise Refusal("too_many_guests", retry_after_s=int(GUESTS_WINDOW.total_seconds()))


@bp.get("/me")
@shopper
@describe("Who am I, and what may I do", answers={200: Me})
def get_me() -> Response:
    return answer(200, me(current_shopper()))


@bp.post("/me/registration")
@device
@describe(
    "Turn the guest into an account",
    body=RegistrationBody,
    answers={200: Me},
    problems=(
        "login_taken",
        "login_malformed",
        "display_name_malformed",
        "already_registered",
        "password_too_short",
        "password_too_long",
        "password_common",
        "hashing_busy",
    ),
)
def post_registration() -> Response:
    who, at, body = current_shopper(), services(), read_json(RegistrationBody)
    command = Register(who.shopper_id, body.login, body.display_name, body.password)
    register(command, run=at.run, hasher=at.pin_hasher, clock=at.clock)
    return answer(200, me(who))


@bp.put("/me/pin")
@device
@describe(
    "Choose the PIN; changing it takes the password",
    body=PinBody,
    answers={204: None},
    problems=(
        "pin_malformed",
        "pin_too_common",
        "password_missing",
        "password_wrong",
        "device_too_new",
        "hashing_busy",
    ),
)
def put_pin() -> Response:
    who, at, body = current_shopper(), services(), read_json(PinBody)
    command = ChoosePin(who.shopper_id, who.device_id, body.pin, body.password)
    choose_pin(command, run=at.run, hasher=at.pin_hasher, ids=at.ids, clock=at.clock)
    return answer(204)


def me(who: Who) -> dict[str, Any]:
    at = services()
    model = at.faces.model

    def read(tx: Transaction) -> dict[str, Any]:
        found = shoppers.profile(tx, who.shopper_id)
        enrolled = vault.count(tx, who.shopper_id, model=model)
        face = {
            "consented": consents.standing(tx, who.shopper_id) is not None,
            "templates": enrolled,
            "outdated": versions.outdated(enrolled, vault.count(tx, who.shopper_id)),
            "templates_min": TEMPLATES_MIN,
            "templates_max": TEMPLATES_MAX,
            "model": model,
        }
        wallet = {"balance_minor": balance(tx, who.shopper_id, CURRENCY), "currency": CURRENCY}
        has_pin = pins.stored(tx, who.shopper_id) is not None
        return present(found) | {"has_pin": has_pin, "face": face, "wallet": wallet}

    return at.run.read(read)


def present(found: Shopper) -> dict[str, Any]:
    return {
        "id": found.id,
        "login": found.login,
        "display_name": found.display_name,
        "guest": found.guest,
        "language": found.language,
    }
