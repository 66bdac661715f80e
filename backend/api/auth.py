"""Who may call: every view carries exactly one of the markers below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
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
WHATEVER_THE_WALL_SAYS = timedelta(days=36_500)


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
    try:
        verify_jwt_in_request()
    except (JWTExtendedException, PyJWTError):
        raise Refusal("sign_in_needed") from None
    claims = get_jwt()
    return Who(shopper_id=claims["sub"], device_id=claims["did"], session_id=claims["sid"])


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
    manager = JWTManager(app)

    @manager.token_in_blocklist_loader
    def ended(_header: dict[str, Any], claims: dict[str, Any]) -> bool:
        """Fails closed: a session that cannot be found has ended."""
        now = at.clock.now()
        live = at.run.look(lambda tx: sessions.live(tx, claims["sid"], now=now))
        if live is None or claims.get("exp", 0) <= now.timestamp():
            return True
        session, g.device_key = live
        if session.confirmed < claims["n"]:
            at.run(lambda tx: sessions.confirm(tx, session.id, claims["n"]))
        return False
