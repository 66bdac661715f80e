"""Who may call: every view carries exactly one of the markers below."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from threading import Lock
from typing import Any, TypeVar, cast

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Flask, current_app, g, request
from flask_jwt_extended import JWTManager, create_access_token, get_jwt, verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from backend.adapters.jose import read_device_proof
from backend.errors import Refusal
from backend.identity import devices, sessions, staff
from backend.wiring import Services

View = TypeVar("View", bound=Callable[..., Any])
Claims = Mapping[str, Any]
WHATEVER_THE_WALL_SAYS = timedelta(days=36_500)
REMEMBERED_MAX = 4096


@dataclass(frozen=True, slots=True)
class Who:
    """A shopper on a device, as the access token says."""

    shopper_id: str
    device_id: str
    session_id: str


def services() -> Services:
    return cast(Services, current_app.extensions["smartpay"])


def leaving() -> bool:
    """Whether this node was asked to stop."""
    asked: Callable[[], bool] = current_app.extensions["leaving"]
    return asked()


def current_shopper() -> Who:
    return cast(Who, g.who)


def current_staff() -> staff.StaffMember:
    return cast(staff.StaffMember, g.staff)


def public(view: View) -> View:
    view.access = "public"  # type: ignore[attr-defined]
    return view


def shopper(view: View) -> View:
    """Needs a Bearer access token of a session that still stands."""
    return guarded(view, "shopper", lambda: setattr(g, "who", signed_in()))


def device(view: View) -> View:
    """As `shopper`, and the request itself is signed by the device's key (header Device-Proof)."""

    def check() -> None:
        g.who = signed_in()
        prove_device()

    return guarded(view, "device", check)


def staff_role(*roles: str) -> Callable[[View], View]:
    """Needs a Bearer staff token of one of the roles; a manager's rights are listed, not implied."""

    def mark(view: View) -> View:
        def check() -> None:
            g.staff = staff_member()
            if g.staff.role not in roles:
                raise Refusal("role_missing")

        return guarded(view, "staff:" + ",".join(roles), check)

    return mark


def guarded(view: View, access: str, check: Callable[[], None]) -> View:
    @wraps(view)
    def call(*args: Any, **kwargs: Any) -> Any:
        check()
        return view(*args, **kwargs)

    call.access = access  # type: ignore[attr-defined]
    return cast(View, call)


def signed_in() -> Who:
    claims = verified_claims()
    if ended(claims):
        raise Refusal("sign_in_needed")
    return Who(shopper_id=claims["sub"], device_id=claims["did"], session_id=claims["sid"])


def verified_claims() -> Claims:
    """Of the access token, which we signed; whether it still counts is for `ended` to say."""
    remembered: Remembered = current_app.extensions["verified_tokens"]
    given = request.headers.get("Authorization", "")
    if (claims := remembered.get(given)) is not None:
        return claims
    try:
        verify_jwt_in_request(skip_revocation_check=True)
    except (JWTExtendedException, PyJWTError):
        raise Refusal("sign_in_needed") from None
    claims = get_jwt()
    remembered.put(given, claims)
    return claims


def ended(claims: Claims) -> bool:
    """Fails closed: a session that cannot be found has ended."""
    at = services()
    now = at.clock.now()
    live = at.run.look(lambda tx: sessions.live(tx, claims["sid"], now=now))
    if live is None or claims.get("exp", 0) <= now.timestamp():
        return True
    session, g.device_key = live
    if session.confirmed < claims["n"]:
        at.run(lambda tx: sessions.confirm(tx, session.id, claims["n"]))
    return False


class Remembered:
    """Claims of tokens whose signature held, by digest, the latest few thousand: a phone shows its own at each request,
    and to verify it costs more than to ask whether its session still stands."""

    def __init__(self, several_max: int = REMEMBERED_MAX) -> None:
        self._several_max = several_max
        self._claims: OrderedDict[bytes, Claims] = OrderedDict()
        self._lock = Lock()

    def get(self, token: str) -> Claims | None:
        with self._lock:
            return self._claims.get(digest_of(token))

    def put(self, token: str, claims: Claims) -> None:
        with self._lock:
            self._claims[digest_of(token)] = claims
            if len(self._claims) > self._several_max:
                self._claims.popitem(last=False)


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def staff_member() -> staff.StaffMember:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    at = services()
    member = (
        at.run.read(lambda tx: staff.by_token(tx, token, now=at.clock.now()))
        if scheme == "Bearer" and token
        else None
    )
    if member is None:
        raise Refusal("sign_in_needed")
    return member


def prove_device() -> None:
    """The Device-Proof header signs method, path and body, is fresh and new (RFC 9449's shape)."""
    check_proof(read_device_proof(request.headers.get("Device-Proof", ""), jwk=g.device_key))


def check_proof(proof: devices.Proof) -> None:
    """Raises Refusal device_proof_refused."""
    at = services()
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    devices.proof_fits(
        proof, method=request.method, path=request.path, body=request.get_data(), access_token=token
    )
    at.run.single(lambda tx: devices.check_proof(tx, proof, now=at.clock.now()))


def access_token(who: Who, *, number: int = 0) -> str:
    """number: of the refresh token that came with it; its first use tells that the answer arrived."""
    at = services()
    now = int(at.clock.now().timestamp())
    times = {"iat": now, "exp": now + int(at.settings.access_lifetime.total_seconds())}
    claims = {"did": who.device_id, "sid": who.session_id, "n": number}
    return str(create_access_token(who.shopper_id, additional_claims=claims | times))


def register(app: Flask, at: Services) -> None:
    app.config.update(
        JWT_ALGORITHM="ES256",
        JWT_DECODE_ALGORITHMS=["ES256"],
        JWT_PRIVATE_KEY=at.tokens.access.private_pem,
        JWT_PUBLIC_KEY=load_pem_public_key(at.tokens.access.public_pem),  # here, not for each request
        JWT_ENCODE_NBF=False,
        JWT_DECODE_LEEWAY=WHATEVER_THE_WALL_SAYS,  # `ended` judges by our clock
        JWT_ENCODE_ISSUER=at.tokens.issuer,
        JWT_DECODE_ISSUER=at.tokens.issuer,
        JWT_ENCODE_AUDIENCE="smartpayfc-api",
        JWT_DECODE_AUDIENCE="smartpayfc-api",
        JWT_TOKEN_LOCATION=["headers"],
    )
    app.extensions["verified_tokens"] = Remembered()
    JWTManager(app)
