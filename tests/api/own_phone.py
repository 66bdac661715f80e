"""A shopper at the API with a phone of their own: proofs, tokens and cookies as the page sends them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from backend.operations.shopper_device import DeviceKeys, base64url
from backend.wiring import Services

PASSWORD = "tea lamps on 7 roofs"


@dataclass
class OwnPhone:
    """One person's browser or app: one device, one cookie jar."""

    app: Flask
    services: Services
    phone: DeviceKeys = field(default_factory=DeviceKeys)
    token: str = ""
    refresh_token: str | None = None

    def __post_init__(self) -> None:
        self.client: FlaskClient = self.app.test_client()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        proof: str | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """proof: "key" (the proof carries the key), "kid", or None."""
        path = f"/v1{path}"
        content = b"" if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if proof is not None:
            at_s = self.services.clock.now().timestamp()
            token = {"ath": hash_of(self.token)} if self.token else {}
            sent["Device-Proof"] = self.phone.proof(
                method, path, content, at_s=at_s, carry_key=proof == "key", **token
            )
        if body is not None:
            more |= {"data": content, "content_type": "application/json"}
        return self.client.open(
            path, method=method, headers=sent | (headers or {}), base_url="https://shop.example", **more
        )

    def signed(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """With the device's proof over the very bytes, multipart included."""
        if "data" in more:
            built = EnvironBuilder(path, method=method, **more).get_environ()
            content, kind = built["wsgi.input"].read(), built["CONTENT_TYPE"]
            at_s = self.services.clock.now().timestamp()
            headers = {"Device-Proof": self.phone.proof(method, f"/v1{path}", content, at_s=at_s)}
            return self.send(method, path, headers=headers, data=content, content_type=kind)
        return self.send(method, path, body, proof="kid", **more)

    def device(self) -> dict[str, Any]:
        phone = self.phone
        return {"jwk_enc": phone.jwk_enc, "jwk_sig": phone.jwk_sig, "name": "phone"}

    def become_guest(self, **headers: str) -> Any:
        body = {"device": self.device(), "language": "ar"}
        return self.accept(self.send("POST", "/shoppers", body, proof="key", headers=headers))

    def sign_in(self, login: str = "amal", password: str = PASSWORD, **headers: str) -> Any:
        body = {"login": login, "password": password, "device": self.device()}
        return self.accept(self.send("POST", "/sessions", body, proof="key", headers=headers))

    def refresh(self, token: str | None = None, **headers: str) -> Any:
        body = {"refresh_token": token} if token else {}
        return self.accept(self.send("POST", "/sessions/refresh", body, proof="kid", headers=headers))

    def accept(self, answer: Any) -> Any:
        if answer.status_code < 300:
            self.token = answer.json["access_token"]
            self.refresh_token = answer.json["refresh_token"]
        return answer

    def register(self, login: str = "amal", **changes: Any) -> Any:
        body = {"login": login, "password": PASSWORD, "display_name": "Amal"} | changes
        return self.signed("POST", "/shoppers/me/registration", body)

    def me(self) -> Any:
        return self.send("GET", "/shoppers/me").json

    def consent(self) -> Any:
        known = self.send("GET", "/consents/face").json
        body = {"version": known["version"], "language": "ar", "text_sha256": known["sha256"]["ar"]}
        return self.signed("PUT", "/shoppers/me/consents/face", body)


def hash_of(access_token: str) -> str:
    """The `ath` claim of a proof (RFC 9449, section 4.2)."""
    return base64url(sha256(access_token.encode()).digest())
