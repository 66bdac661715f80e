"""Sign in, renew, sign out."""

from __future__ import annotations

from flask import Blueprint, Response
from pydantic import Field

from backend.api import introduction
from backend.api.auth import current_shopper, public, services, shopper
from backend.api.introduction import DeviceBody, Refreshed, SignedIn
from backend.api.openapi import describe
from backend.api.reading import Body, answer, read_json
from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import devices, sessions
from backend.identity.passwords import CHARS_MAX
from backend.identity.sign_in import SignIn, sign_in

bp = Blueprint("sessions", __name__, url_prefix="/v1/sessions")
PROOF_PROBLEMS = ("device_proof_refused", "device_key_refused", "device_of_another", "display_name_malformed")


class SignInBody(Body):
    login: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=CHARS_MAX, repr=False)
    device: DeviceBody


class RefreshBody(Body):
    """Without a token the cookie is read, if the request says `X-Refresh: cookie`."""

    refresh_token: str | None = Field(default=None, max_length=200, repr=False)


@bp.post("")
@public
@describe(
    "Sign in with login and password; header Device-Proof with the key",
    body=SignInBody,
    answers={201: SignedIn},
    problems=("sign_in_refused", "hashing_busy", *PROOF_PROBLEMS),
)
def post_session() -> Response:
    at, body = services(), read_json(SignInBody)
    device = introduction.introduced(body.device)
    command = SignIn(body.login, body.password, introduction.origin())
    who = sign_in(command, run=at.run, hasher=at.pin_hasher, digests=at.tokens, clock=at.clock)

    def begin(tx: Transaction) -> sessions.Session:
        now = at.clock.now()
        session = sessions.begin(tx, who.id, device, now=now, ids=at.ids)
        added = Happening(
            at.ids.uuid7(), Kind.DEVICE_ADDED, device.id, {"name": device.name}, shopper_id=who.id
        )
        outbox.add(tx, [added], now=now)
        return session

    return introduction.signed_in(201, at.run(begin))


@bp.post("/refresh")
@public
@describe(
    "A new access token; header Device-Proof with the device's id as kid",
    body=RefreshBody,
    answers={200: Refreshed},
    problems=("session_ended", "device_proof_refused"),
)
def post_refresh() -> Response:
    at, body = services(), read_json(RefreshBody)
    device_id, token = introduction.known_device(), introduction.shown_refresh_token(body.refresh_token)

    def renew(tx: Transaction) -> sessions.Renewed | None:
        return sessions.renew(
            tx, token, device_id=device_id, tokens=at.tokens, now=at.clock.now(), ids=at.ids
        )

    renewed = at.run(renew)
    if renewed is None:
        raise Refusal("session_ended")
    return introduction.with_tokens(200, renewed)


@bp.delete("/current")
@shopper
@describe("Sign out: the session, the device's keys and its push token end", answers={204: None})
def delete_session() -> Response:
    who, at = current_shopper(), services()
    at.run(lambda tx: devices.end(tx, who.shopper_id, who.device_id, now=at.clock.now()))
    return introduction.without_cookie(answer(204))
