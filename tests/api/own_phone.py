"""A shopper at the API with a phone of their own: proofs, tokens and cookies as the page sends them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backend.adapters.pin_hasher import Argon2PinHasher
from backend.api.app import create_app
from backend.clock import SystemIds
from backend.db.transaction import Runner
from backend.settings import Settings
from backend.wiring import Services
from catalogue.labels import LabelKey
from tests.backend.faces.people import KEY_WRAP
from tests.backend.identity.keys import sealer, tokens
from tests.fakes import MovedClock, NamedFaces
from tests.phones import Phone

PASSWORD = "tea lamps on 7 roofs"
HASHER = Argon2PinHasher({1: b"p" * 32}, parallel_max=4)
LABEL_KEY = LabelKey.from_seed("A1", b"1" * 32)


def services_of(settings: Settings, run: Runner, keys: Runner) -> Services:
    return Services(
        settings=settings,
        run=run,
        keys=keys,
        clock=MovedClock(),
        ids=SystemIds(),
        pin_hasher=HASHER,
        faces=NamedFaces(),
        key_wrap=KEY_WRAP,
        sealer=sealer(),
        tokens=tokens(),
        notifier=None,  # type: ignore[arg-type]  # the outbox is not drained here
        label_key=LABEL_KEY,
        label_keys={"A1": LABEL_KEY.verifying()},
    )


@dataclass
class OwnPhone:
    """One person's browser or app: one device, one cookie jar."""

    app: Flask
    services: Services
    phone: Phone = field(default_factory=Phone)
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
            now = self.services.clock.now()
            sent["Device-Proof"] = self.phone.prove(
                method, path, content, at=now, with_key=proof == "key", access_token=self.token or None
            )
        if body is not None:
            more |= {"data": content, "content_type": "application/json"}
        return self.client.open(
            path, method=method, headers=sent | (headers or {}), base_url="https://shop.example", **more
        )

    def device(self) -> dict[str, Any]:
        phone = self.phone
        return {"jwk_enc": phone.jwk_enc, "jwk_sig": phone.jwk_sig, "name": phone.name}

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
        return self.send("POST", "/shoppers/me/registration", body)

    def me(self) -> Any:
        return self.send("GET", "/shoppers/me").json

    def consent(self) -> Any:
        known = self.send("GET", "/consents/face").json
        body = {"version": known["version"], "language": "ar", "text_sha256": known["sha256"]["ar"]}
        return self.send("PUT", "/shoppers/me/consents/face", body)


def an_app(services: Services) -> Flask:
    return create_app(services)
