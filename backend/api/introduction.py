"""How a device introduces itself, proves itself later, and what it gets: tokens, in the body or in a cookie."""

from __future__ import annotations

import ipaddress
from typing import Any

from flask import Response, request
from pydantic import BaseModel, Field

from backend.adapters.jose import proof_device, public_jwk, read_device_proof
from backend.api.auth import Who, access_token, check_proof, services
from backend.api.reading import Body, answer
from backend.errors import Refusal
from backend.identity import devices, sessions
from backend.identity.devices import NewDevice, thumbprint
from backend.identity.sessions import Renewed, Session
from backend.identity.shoppers import normal_name

COOKIE = "__Host-refresh"
COOKIE_WISH = ("X-Refresh", "cookie")  # a header of our own: no form and no foreign page can send it
PROOF = "Device-Proof"
COOKIE_PATH = "/"  # demanded by the prefix __Host-


class DeviceBody(Body):
    """Two public P-256 keys as JWK: `jwk_enc` opens, `jwk_sig` proves."""

    jwk_enc: dict[str, Any]
    jwk_sig: dict[str, Any]
    name: str = Field(min_length=1, max_length=devices.NAME_CHARS_MAX)
    push_token: str | None = Field(default=None, min_length=10, max_length=200, repr=False)


class SignedIn(BaseModel):
    shopper_id: str
    device_id: str
    access_token: str
    expires_in_s: int
    refresh_token: str | None


class Refreshed(BaseModel):
    access_token: str
    expires_in_s: int
    refresh_token: str | None


def introduced(body: DeviceBody) -> NewDevice:
    """The device that signed this request with the very key that it introduces."""
    jwk_enc, jwk_sig = public_jwk(body.jwk_enc), public_jwk(body.jwk_sig)
    proof = read_device_proof(request.headers.get(PROOF, ""), jwk=None)
    if proof.device_id != thumbprint(jwk_sig):
        raise Refusal("device_proof_refused")
    check_proof(proof)
    return NewDevice(proof.device_id, normal_name(body.name), jwk_enc, jwk_sig, body.push_token)


def known_device() -> str:
    """The id of the device that signed this request; it needs no access token for that."""
    text = request.headers.get(PROOF, "")
    device_id, at = proof_device(text), services()
    device = at.run.read(lambda tx: devices.find(tx, device_id)) if device_id else None
    if device is None:
        raise Refusal("device_proof_refused")
    check_proof(read_device_proof(text, jwk=device.jwk_sig))
    return device.id


def signed_in(status: int, session: Session) -> Response:
    refresh_token = services().tokens.refresh_token(session.id, session.current, session.device_id)
    whose = {"shopper_id": session.shopper_id, "device_id": session.device_id}
    return with_tokens(status, Renewed(session, refresh_token, session.current), whose)


def with_tokens(status: int, renewed: Renewed, whose: dict[str, str] | None = None) -> Response:
    session, refresh_token = renewed.session, renewed.refresh_token
    who = Who(session.shopper_id, session.device_id, session.id)
    wants_cookie = request.headers.get(COOKIE_WISH[0]) == COOKIE_WISH[1]
    response = answer(
        status,
        {
            **(whose or {}),
            "access_token": access_token(who, number=renewed.number),
            "expires_in_s": int(services().settings.access_lifetime.total_seconds()),
            "refresh_token": None if wants_cookie else refresh_token,
        },
    )
    if wants_cookie:
        life_s = int(sessions.LIFE_MAX.total_seconds())
        response.set_cookie(
            COOKIE,
            refresh_token,
            max_age=life_s,
            path=COOKIE_PATH,
            secure=True,
            httponly=True,
            samesite="Strict",
        )
    return response


def shown_refresh_token(in_body: str | None) -> str:
    """From the body, else from the cookie if our own page asked for it. Raises Refusal session_ended."""
    if in_body is not None:
        return in_body
    ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    wished = request.headers.get(COOKIE_WISH[0]) == COOKIE_WISH[1]
    token = request.cookies.get(COOKIE)
    if not (ours and wished and token):
        raise Refusal("session_ended")
    return token


def without_cookie(response: Response) -> Response:
    response.delete_cookie(COOKIE, path=COOKIE_PATH, secure=True, httponly=True, samesite="Strict")
    return response


def origin() -> str:
    """The caller's network: /24 of IPv4, /56 of IPv6; counters of strangers do not meet the owner's."""
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - no address known
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 56), strict=False))
