"""The API over one store and its goods, and shoppers with a session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Flask

from backend.api.app import create_app
from backend.api.auth import Who, access_token
from backend.db.transaction import Runner
from backend.identity import devices, sessions, shoppers
from backend.operations.shopper_device import DeviceKeys
from backend.settings import Settings
from catalogue.labels import LabelKey, sign_label
from tests.backend.identity.people import new_device
from tests.backend.inventory.shelf import Shelf
from tests.fakes import MovedClock
from tests.services import LABEL_KEY, services_of

OLD_KEY = LabelKey.from_seed("A0", b"0" * 32)


class Storefront:
    def __init__(self, settings: Settings, run: Runner, keys: Runner) -> None:
        self.clock = MovedClock()
        settings = replace(settings, access_lifetime=timedelta(hours=1))  # it may move past the end of a cart
        self.shelf = Shelf(run)
        self.services = services_of(
            settings,
            run,
            keys,
            clock=self.clock,
            label_keys={"A1": LABEL_KEY.verifying(), "A0": OLD_KEY.verifying(retired=True)},
        )
        self.app: Flask = create_app(self.services)

    def label(self, sku: str, *, store: str = "R1", host: str = "", key: LabelKey = LABEL_KEY) -> str:
        host = host or self.services.settings.public_host
        return sign_label(self.shelf.gtin(sku), store, host=host, key=key)

    def get(self, path: str, **headers: str) -> Any:
        return self.app.test_client().get(f"/v1{path}", headers=headers)

    def shopper(self) -> Caller:
        at, phone, now = self.services, DeviceKeys(), self.clock.now()
        who = Who(at.ids.uuid7(), phone.id, at.ids.uuid7())

        def sign_up(tx: Any) -> None:
            shoppers.create_guest(tx, shopper_id=who.shopper_id, language="en", now=now)
            devices.add(tx, who.shopper_id, new_device(phone), now=now)
            sessions.open_session(
                tx, session_id=who.session_id, shopper_id=who.shopper_id, device_id=who.device_id, now=now
            )

        at.run(sign_up)
        with self.app.app_context():
            return Caller(self, access_token(who))


@dataclass
class Caller:
    front: Storefront
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        sent = {} if body is None else {"json": body}
        return self.front.app.test_client().open(f"/v1{path}", method=method, headers=headers, **sent)

    def scan(self, sku: str, **changes: Any) -> Any:
        body = {"scan_id": self.front.services.ids.token(), "code": self.front.label(sku), **changes}
        return self.call("POST", "/scans", {name: value for name, value in body.items() if value is not None})

    def cart(self) -> Any:
        return self.call("GET", "/carts/current?store=R1").json["cart"]
