"""JWS, JWE and MACs: two names per format on the allow-lists, everything else is refused.

Signatures ES256, sealing ECDH-ES with A256GCM, all on P-256. Times in claims are not judged here: the rooms
do that with the injected clock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from backend.errors import Refusal
from backend.identity.devices import Proof, thumbprint

SIGNING = ("ES256",)
SEALING = ("ECDH-ES", "A256GCM")
TOKEN_CHARS_MAX = 8_192
KEYS_REMEMBERED_MAX = 4096
GRANT_TYPE = "grant+jwt"
PROOF_TYPE = "device-proof+jwt"
SEALED_TYPE = "sealed+jwt"
# joserfc lets plain ValueError through for points off the curve and bad base64; deep nesting recurses
UNREADABLE = (JoseError, ValueError, TypeError, KeyError, RecursionError)

_COORDINATE = re.compile(r"[A-Za-z0-9_-]{43}")
_JTI = re.compile(r"[A-Za-z0-9_-]{8,64}")
_JWK_NAMES = {
    "kty",
    "crv",
    "x",
    "y",
    "ext",
    "key_ops",
    "use",
    "alg",
    "kid",
}  # what a browser's export may hold


class SigningKey:
    """A P-256 private key from a PEM file; `kid` is its RFC 7638 thumbprint."""

    def __init__(self, pem: bytes) -> None:
        private = load_pem_private_key(pem, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise ValueError("a signing key must be on P-256")
        self._key = ECKey.import_key(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        )
        public = self._key.as_dict(private=False)
        self.public_jwk: dict[str, str] = {name: str(public[name]) for name in ("kty", "crv", "x", "y")}
        self.kid = thumbprint(self.public_jwk)
        self.private_pem = pem
        self.public_pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims: Mapping[str, Any], token_type: str) -> str:
        header = {"alg": "ES256", "typ": token_type, "kid": self.kid}
        return jws.serialize_compact(header, _json(claims), self._key, algorithms=list(SIGNING))

    def open(self, token: str, token_type: str) -> dict[str, Any]:
        """Raises one of UNREADABLE for anything that this key did not sign as this type."""
        header, claims = _verified(token, self._key)
        if header != {"alg": "ES256", "typ": token_type, "kid": self.kid}:
            raise ValueError("another type or key")
        return claims


class JoseSealer:
    """Implements `backend.checkout.ports.Sealer`."""

    def __init__(self, grant_pem: bytes, *, issuer: str) -> None:
        self._key = SigningKey(grant_pem)
        self._issuer = issuer

    @property
    def public_jwk(self) -> dict[str, str]:
        return published(self._key)

    def sign_grant(self, claims: Mapping[str, Any]) -> str:
        return self._key.sign({**claims, "iss": self._issuer}, GRANT_TYPE)

    def open_grant(self, grant: str) -> dict[str, Any]:
        try:
            claims = self._key.open(grant, GRANT_TYPE)
        except UNREADABLE as why:
            raise Refusal("payment_not_authorised") from why
        if claims.get("iss") != self._issuer:
            raise Refusal("payment_not_authorised")
        return claims

    def seal(self, content: str, jwk_enc: Mapping[str, Any], *, content_type: str) -> str:
        key = public_jwk(jwk_enc)
        header = {
            "alg": "ECDH-ES",
            "enc": "A256GCM",
            "kid": thumbprint(key),
            "typ": SEALED_TYPE,
            "cty": content_type,
        }
        return jwe.encrypt_compact(header, content, ECKey.import_key(dict(key)), algorithms=list(SEALING))


class Tokens:
    """Keys of access tokens, MACs of refresh tokens, keyed digests, and the public keys we publish."""

    def __init__(
        self,
        *,
        access_pem: bytes,
        refresh_key: bytes,
        digest_key: bytes,
        issuer: str,
        also_published: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self.access = SigningKey(access_pem)
        self.issuer = issuer
        self._refresh_key = refresh_key
        self._digest_key = digest_key
        self._also_published = [dict(jwk) for jwk in also_published]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [published(self.access), *self._also_published]}

    def refresh_token(self, session_id: str, number: int, device_id: str) -> str:
        """`family.n.MAC`: derived, so that nothing is stored and a repeated answer is the same answer."""
        mac = _mac(self._refresh_key, "refresh", session_id, str(number), device_id)
        return f"{session_id}.{number}.{_base64url(mac)}"

    def digest(self, purpose: str, content: bytes | str) -> str:
        """Keyed, 64 hex digits: a bare hash of six digits, or of a login, could be searched."""
        text = content.encode() if isinstance(content, str) else content
        return hmac.new(self._digest_key, purpose.encode() + b"\0" + text, hashlib.sha256).hexdigest()


def published(key: SigningKey) -> dict[str, str]:
    return {**key.public_jwk, "kid": key.kid, "alg": "ES256", "use": "sig"}


def public_jwk(value: object) -> dict[str, str]:
    """The four members of a public P-256 key whose point is on the curve.

    Raises Refusal device_key_refused: a private key, another curve, an unknown member, a point off the curve.
    """
    if not isinstance(value, Mapping) or not set(value) <= _JWK_NAMES:
        raise Refusal("device_key_refused")
    if value.get("kty") != "EC" or value.get("crv") != "P-256":
        raise Refusal("device_key_refused")
    x, y = value.get("x"), value.get("y")
    try:
        ec.EllipticCurvePublicNumbers(_coordinate(x), _coordinate(y), ec.SECP256R1()).public_key()
    except ValueError as why:
        raise Refusal("device_key_refused") from why
    return {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}


def proof_device(text: str) -> str | None:
    """The device id that a proof names in `kid`, not yet verified; None when it carries its key instead."""
    header = _proof_header(text)
    kid = header.get("kid")
    if "jwk" in header or kid is None:
        return None
    if not isinstance(kid, str) or not _COORDINATE.fullmatch(kid):
        raise Refusal("device_proof_refused")
    return kid


def read_device_proof(text: str, *, jwk: Mapping[str, Any] | None) -> Proof:
    """The claims of a proof whose signature holds.

    With `jwk` (a known device's key) the header must name that key by `kid`; with None it must carry the key
    itself, which only registration and sign-in accept. Raises Refusal device_proof_refused. Method, path,
    body, time and replay are judged by `backend.identity.devices`.
    """
    header = _proof_header(text)
    carried = public_jwk(header.get("jwk")) if jwk is None else public_jwk(jwk)
    named = {"kid": thumbprint(carried)} if jwk is not None else {"jwk": header.get("jwk")}
    if header != {"alg": "ES256", "typ": PROOF_TYPE, **named}:
        raise Refusal("device_proof_refused")
    try:
        _, claims = _verified(text, _imported(carried["x"], carried["y"]))
        return _proof(claims, carried)
    except UNREADABLE as why:
        raise Refusal("device_proof_refused") from why


@lru_cache(KEYS_REMEMBERED_MAX)
def _imported(x: str, y: str) -> ECKey:
    """A device signs each request, and to read its key takes as long as to verify with it."""
    return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})


def _proof_header(text: str) -> dict[str, Any]:
    try:
        _demand(len(text) <= TOKEN_CHARS_MAX, "too long")
        return _object(_unbase64url(text.split(".")[0]))
    except UNREADABLE as why:
        raise Refusal("device_proof_refused") from why


def _proof(claims: Mapping[str, Any], jwk: Mapping[str, str]) -> Proof:
    iat, ath = claims.get("iat"), claims.get("ath")
    _demand(type(iat) is int and 0 < iat < 2**40, "iat")
    _demand(isinstance(claims.get("jti"), str) and bool(_JTI.fullmatch(claims["jti"])), "jti")
    for name in ("htm", "htu", "body_sha256"):
        _demand(isinstance(claims.get(name), str) and claims[name].isascii(), name)
    _demand(ath is None or (isinstance(ath, str) and ath.isascii()), "ath")
    _demand(set(claims) <= {"htm", "htu", "iat", "jti", "body_sha256", "ath"}, "unknown claim")
    return Proof(
        device_id=thumbprint(jwk),
        jwk=dict(jwk),
        htm=claims["htm"],
        htu=claims["htu"],
        iat=int(str(iat)),
        jti=claims["jti"],
        body_sha256=claims["body_sha256"],
        ath=ath,
    )


def _verified(token: str, key: ECKey) -> tuple[dict[str, Any], dict[str, Any]]:
    """(header, claims) of a compact JWS. Raises one of UNREADABLE."""
    _demand(len(token) <= TOKEN_CHARS_MAX and token.isascii(), "size")
    signed = jws.deserialize_compact(token, key, algorithms=list(SIGNING))
    header = _object(_unbase64url(token.split(".")[0]))
    _demand("b64" not in header and "crit" not in header, "extensions are not ours")
    return header, _object(signed.payload)


def _object(content: bytes) -> dict[str, Any]:
    value = json.loads(content, object_pairs_hook=_once_each)
    _demand(isinstance(value, dict), "not an object")
    assert isinstance(value, dict)
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _demand(len({name for name, _ in pairs}) == len(pairs), "a name twice")
    return dict(pairs)


def _demand(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _json(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()


def _coordinate(text: object) -> int:
    _demand(isinstance(text, str) and bool(_COORDINATE.fullmatch(text)), "coordinate")
    return int.from_bytes(_unbase64url(str(text)), "big")


def _mac(key: bytes, *parts: str) -> bytes:
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).digest()


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unbase64url(text: str) -> bytes:
    """Canonical only: one text per content."""
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    _demand(_base64url(content) == text, "not canonical")
    return content
