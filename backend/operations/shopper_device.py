"""A shopper's device in Python: its keys, its proofs, and the calls that the phone makes, over any transport.

The demonstration walks with it over real HTTP, the tests through the application's own test client. It knows nothing
but the public API, so it is also the shortest example of a native client.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from time import time
from typing import Any, Protocol

from joserfc import jwe, jws
from joserfc.jwk import ECKey

PROOF_TYPE = "device-proof+jwt"


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str | None:
        """The problem's code, if this is a refusal; the page of a proxy that reached nobody has none."""
        return self.json.get("code") if self.status >= 400 and self.body.startswith(b"{") else None


class Transport(Protocol):
    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply: ...


class DeviceKeys:
    """Two P-256 key pairs; one opens what is sealed to the device, one proves that a request comes from it."""

    def __init__(self) -> None:
        self.opens = ECKey.generate_key("P-256", private=True)
        self.proves = ECKey.generate_key("P-256", private=True)

    @property
    def id(self) -> str:
        return self.proves.thumbprint()

    @property
    def jwk_enc(self) -> dict[str, Any]:
        return public(self.opens)

    @property
    def jwk_sig(self) -> dict[str, Any]:
        return public(self.proves)

    def proof(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        at_s: float,
        carry_key: bool = False,
        **claims: Any,
    ) -> str:
        """A Device-Proof of one request (RFC 9449's shape). claims: further ones, such as `ath`."""
        header: dict[str, Any] = {"alg": "ES256", "typ": PROOF_TYPE}
        header |= {"jwk": self.jwk_sig} if carry_key else {"kid": self.id}
        said = {
            "htm": method,
            "htu": path.split("?")[0],
            "iat": int(at_s),
            "jti": secrets.token_urlsafe(16),
            "body_sha256": base64url(sha256(body).digest()),
        }
        return jws.serialize_compact(header, json.dumps(said | claims), self.proves, algorithms=["ES256"])

    def open(self, sealed: str) -> str:
        """What a compact JWE to this device says."""
        plaintext = jwe.decrypt_compact(sealed, self.opens, algorithms=["ECDH-ES", "A256GCM"]).plaintext
        assert plaintext is not None
        return plaintext.decode()


class ShopperDevice(DeviceKeys):
    """The device with its session, and the calls it makes."""

    def __init__(self, transport: Transport, *, now_s: Callable[[], float] = time) -> None:
        super().__init__()
        self.transport = transport
        self.now_s = now_s
        self.shopper_id = ""
        self.access_token = ""
        self.refresh_token = ""
        self.inbox_after = ""

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        key: str | None = None,
        proved: bool = False,
        carry_key: bool = False,
        files: Sequence[tuple[str, bytes]] = (),
        fields: Sequence[tuple[str, str]] = (),
    ) -> Reply:
        """One request. key: Idempotency-Key. proved: with Device-Proof. files and fields: sent as multipart."""
        content, content_type = encode(body, files, fields)
        headers = {"Content-Type": content_type} if content_type else {}
        if self.access_token and not carry_key:
            headers["Authorization"] = f"Bearer {self.access_token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        if proved or carry_key:
            headers["Device-Proof"] = self.proof(
                method, path, content, at_s=self.now_s(), carry_key=carry_key
            )
        return self.transport(method, path, headers, content)

    def described(self, name: str, push_token: str | None = None) -> dict[str, Any]:
        keys = {"jwk_enc": self.jwk_enc, "jwk_sig": self.jwk_sig}
        return {"name": name, **keys} | ({"push_token": push_token} if push_token else {})

    def become_guest(
        self, *, language: str = "en", name: str = "phone", push_token: str | None = None
    ) -> Reply:
        body = {"device": self.described(name, push_token), "language": language}
        return self.take_session(self.call("POST", "/v1/shoppers", body, carry_key=True))

    def sign_in(self, login: str, password: str, *, name: str = "phone") -> Reply:
        body = {"login": login, "password": password, "device": self.described(name)}
        return self.take_session(self.call("POST", "/v1/sessions", body, carry_key=True))

    def take_session(self, reply: Reply) -> Reply:
        if reply.status == 201:
            self.shopper_id = reply.json["shopper_id"]
            self.access_token = reply.json["access_token"]
            self.refresh_token = reply.json["refresh_token"]
        return reply

    def register(self, login: str, password: str, display_name: str) -> Reply:
        body = {"login": login, "password": password, "display_name": display_name}
        return self.call("POST", "/v1/shoppers/me/registration", body, proved=True)

    def choose_pin(self, pin: str) -> Reply:
        return self.call("PUT", "/v1/shoppers/me/pin", {"pin": pin}, proved=True)

    def consent_to_face(self, language: str = "en") -> Reply:
        offered = self.call("GET", "/v1/consents/face").json
        body = {
            "version": offered["version"],
            "language": language,
            "text_sha256": offered["sha256"][language],
        }
        return self.call("PUT", "/v1/shoppers/me/consents/face", body, proved=True)

    def enrol(self, picture: bytes) -> Reply:
        return self.call("POST", "/v1/shoppers/me/faces", proved=True, files=[("picture", picture)])

    def scan(self, code: str, *, scan_id: str | None = None) -> Reply:
        return self.call("POST", "/v1/scans", {"scan_id": scan_id or secrets.token_hex(8), "code": code})

    def open_checkout(self, cart_id: str, *, key: str | None = None) -> Reply:
        key = key or secrets.token_hex(8)
        return self.call("POST", "/v1/checkouts", {"cart_id": cart_id}, key=key, proved=True)

    def show_face(self, checkout_id: str, frames: Sequence[bytes]) -> Reply:
        """Ask for a challenge and answer it."""
        challenge = self.call("POST", f"/v1/checkouts/{checkout_id}/challenge", {}, proved=True)
        if challenge.status != 201:
            return challenge
        return self.call(
            "POST",
            f"/v1/checkouts/{checkout_id}/face",
            proved=True,
            fields=[("nonce", challenge.json["nonce"])],
            files=[("frame", frame) for frame in frames],
        )

    def inbox(self) -> list[dict[str, Any]]:
        """Messages that came since the last look."""
        reply = self.call("GET", f"/v1/inbox?after={self.inbox_after}", proved=True)
        assert reply.status == 200, reply
        messages: list[dict[str, Any]] = reply.json["messages"]
        if messages:
            self.inbox_after = messages[-1]["id"]
        return messages

    def pay(
        self, checkout_id: str, grant: str, pin: str, *, key: str | None = None, method: str = "wallet"
    ) -> Reply:
        body = {"grant": grant, "pin": pin, "method": method}
        key = key or secrets.token_hex(8)
        return self.call("POST", f"/v1/checkouts/{checkout_id}/pay", body, key=key, proved=True)


def public(key: ECKey) -> dict[str, Any]:
    known = key.as_dict(private=False)
    return {name: known[name] for name in ("kty", "crv", "x", "y")}


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def encode(
    body: dict[str, Any] | None,
    files: Sequence[tuple[str, bytes]],
    fields: Sequence[tuple[str, str]],
) -> tuple[bytes, str | None]:
    """(content, content type); multipart by hand, since the proof signs the very bytes (RFC 7578)."""
    if not files and not fields:
        return (b"", None) if body is None else (json.dumps(body).encode(), "application/json")
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    parts += [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.jpg"\r\n'
        f"Content-Type: image/jpeg\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, content in files
    ]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"
