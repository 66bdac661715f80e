"""Two stores with their staff, one shopper with a phone, and orders at any stage: for staff API and staff pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from backend.api.app import create_app
from backend.checkout import refunds
from backend.db.outbox import outbox
from backend.db.transaction import Runner
from backend.identity import staff
from backend.identity.staff import NewStaff
from backend.operations.shopper_device import DeviceKeys
from backend.orders.tables import orders
from backend.settings import Settings
from backend.wiring import Services
from tests.backend.identity.people import new_device
from tests.backend.sales.rows import Line, Shop
from tests.fakes import MovedClock
from tests.services import services_of

PASSWORD = "a password for the shift"
TEA = Line("TEA", 2, 11_50)
BREAD = Line("BREAD", 1, 3_00, vat_rate_bp=0)


@cache
def phone() -> DeviceKeys:
    return DeviceKeys()


@dataclass
class Floor:
    app: Flask
    services: Services
    clock: MovedClock
    shops: dict[str, Shop]
    tokens: dict[str, str] = field(default_factory=dict)

    def hire(self, login: str, role: Any, *codes: str) -> str:
        """The id of somebody new, who can sign in with PASSWORD."""
        new = NewStaff(
            id=self.services.ids.uuid7(),
            login=login,
            display_name=login.title(),
            role=role,
            password_hash=self.services.pin_hasher.hash_password(PASSWORD),
            store_ids=frozenset(self.shops[code].store_id for code in codes),
        )
        self.services.run(lambda tx: staff.create(tx, new, now=self.clock.now()))
        return new.id

    def sell(
        self, lines: Sequence[Line] = (TEA, BREAD), *, code: str = "R1", at: datetime | None = None
    ) -> str:
        """The id of an order that has just been paid."""
        shop = self.shops[code]
        return self.services.run(lambda tx: shop.on(tx).sell(at or self.clock.now(), lines))

    def refund_that_fails(self, order_id: str) -> str:
        """The id of a refund of all of it, to a card whose bank will not have it."""
        by_card = update(orders).where(orders.c.id == order_id).values(method="card")
        self.services.run(lambda tx: tx.execute(by_card))
        asked = {"order": order_id, "goods": "none", "reason": "goodwill"}
        once = {"Idempotency-Key": f"refund-{order_id}"}
        made = str(self.call("cashier", "POST", "/staff/refunds", asked, **once).json["id"])
        given = {"given": False, "ids": self.services.ids, "now": self.clock.now()}
        assert self.services.run(lambda tx: refunds.note(tx, made, **given))
        return made

    def call(self, login: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The staff API as `login`; signs in at the first call."""
        client = self.app.test_client()
        self.clock.move(seconds=1)
        if login not in self.tokens:
            signed_in = client.post("/v1/staff/sessions", json={"login": login, "password": PASSWORD})
            assert signed_in.status_code == 201, signed_in.text
            self.tokens[login] = signed_in.json["token"]
        headers = {"Authorization": f"Bearer {self.tokens[login]}", **headers}
        sent = {} if body is None else {"json": body}
        return client.open(f"/v1{path}", method=method, headers=headers, **sent)

    def make_ready(self, login: str, order_id: str) -> str:
        """Accept, tick, ready; the pick-up code as the shopper's phone opens it."""
        order = self.call(login, "POST", f"/staff/orders/{order_id}/accept").json
        for line in order["lines"]:
            path = f"/staff/orders/{order_id}/lines/{line['id']}/packed"
            self.call(login, "POST", path, {"packed": line["quantity"]})
        assert self.call(login, "POST", f"/staff/orders/{order_id}/ready").status_code == 200
        return self.code_on_phone(order_id)

    def code_on_phone(self, order_id: str) -> str:
        payload = self.services.run.read(
            lambda tx: tx.execute(
                select(outbox.c.payload)
                .where(outbox.c.subject == order_id, outbox.c.kind == "order.ready")
                .order_by(outbox.c.event_id.desc())
                .limit(1)
            ).scalar_one()
        )
        opened = json.loads(phone().open(payload["sealed"][phone().id]))
        assert opened["order_id"] == order_id
        return str(opened["code"])


@pytest.fixture
def floor(settings: Settings, run: Runner, keys: Runner) -> Floor:
    clock = MovedClock()
    services = services_of(settings, run, keys, clock=clock)
    shops = run(lambda tx: {code: Shop(tx, code) for code in ("R1", "R2")})
    run(lambda tx: shops["R1"].on(tx).furnish(new_device(phone()), login="noura", now=clock.now()))
    run(lambda tx: shops["R2"].on(tx).furnish(None, login="omar", now=clock.now()))
    app = create_app(services)
    floor = Floor(app, services, clock, shops)
    floor.hire("packer", "packer", "R1")
    floor.hire("cashier", "cashier", "R1")
    floor.hire("manager", "manager", "R1", "R2")
    floor.hire("admin", "administrator", "R1")
    floor.hire("stranger", "manager", "R2")
    return floor
