"""The whole API, with faces that are known by name; the worker runs when a test says so."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import MetaData, Table, select

from backend import worker
from backend.api.app import create_app
from backend.db.schema import keys_metadata, metadata
from backend.db.transaction import Runner, Transaction
from backend.ledger import topups
from backend.ledger.accounts import open_store_accounts
from backend.ledger.topups import TopUp
from backend.operations.shopper_device import Reply, ShopperDevice
from backend.settings import Settings
from catalogue.labels import LabelKey, sign_label
from tests.backend.checkout.till import PIN
from tests.backend.inventory.shelf import Shelf
from tests.fakes import MovedClock
from tests.services import LABEL_KEY, services_of

PASSWORD = "correct horse battery"
SPENT = {"device_proofs"}  # a proof is spent whatever becomes of its request


class WholeShop:
    def __init__(self, settings: Settings, run: Runner, keys: Runner) -> None:
        self.clock = MovedClock()
        settings = replace(settings, access_lifetime=timedelta(hours=1))  # it may move past the end of a cart
        self.services = services_of(settings, run, keys, clock=self.clock)
        self.client = create_app(self.services).test_client()
        self.shelf, self.other = Shelf(run, "R1"), Shelf(run, "J1")
        for shelf in (self.shelf, self.other):
            run(lambda tx, shelf=shelf: open_store_accounts(tx, shelf.store.id, "SAR"))
        self.shelf.put("DATES", price_minor=23_00)
        self.shelf.put("WATER", price_minor=1_00)

    def transport(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        answer = self.client.open(path, method=method, headers=headers, data=body)
        return Reply(answer.status_code, answer.data, dict(answer.headers))

    def device(self) -> ShopperDevice:
        return ShopperDevice(self.transport, now_s=lambda: self.clock.now().timestamp())

    def guest(self) -> ShopperDevice:
        device = self.device()
        assert device.become_guest().status == 201
        return device

    def shopper(self, name: str = "noura", *, money_minor: int = 100_00) -> ShopperDevice:
        """Registered, with PIN, three templates and money."""
        device = self.guest()
        assert device.register(name, PASSWORD, name.title()).status == 200
        assert device.choose_pin(PIN).status == 204
        assert device.consent_to_face().status == 200
        for take in range(3):
            assert device.enrol(self.face(name, take)).status == 201
        self.top_up(device, money_minor)
        return device

    def face(self, name: str, take: int = 9) -> bytes:
        return f"face of {name}, take {take}".encode()

    def top_up(self, device: ShopperDevice, amount_minor: int) -> None:
        at = self.services
        command = TopUp(
            at.ids.uuid7(), self.shelf.store.id, device.shopper_id, amount_minor, "SAR", at.ids.uuid7()
        )
        at.run(lambda tx: topups.top_up(tx, command, ids=at.ids, now=self.clock.now()))

    def label(self, sku: str = "DATES", *, store: str = "R1", key: LabelKey = LABEL_KEY) -> str:
        host = self.services.settings.public_host
        return sign_label(self.shelf.gtin(sku), store, host=host, key=key)

    def cart(self, device: ShopperDevice, *skus: str) -> dict[str, Any]:
        for sku in skus or ("DATES",):
            scanned = device.scan(self.label(sku))
            assert scanned.status == 201, scanned
        cart: dict[str, Any] = scanned.json["cart"]
        return cart

    def checkout(self, device: ShopperDevice, *skus: str) -> dict[str, Any]:
        opened = device.open_checkout(self.cart(device, *skus)["id"])
        assert opened.status == 201, opened
        checkout: dict[str, Any] = opened.json
        return checkout

    def granted(self, device: ShopperDevice, name: str = "noura") -> tuple[dict[str, Any], str]:
        checkout = self.checkout(device)
        assert device.show_face(checkout["id"], [self.face(name)]).status == 202
        return checkout, device.open(self.message(device, "grant.issued")["sealed"])

    def deliver(self) -> None:
        """What the worker would do by now."""
        while worker.deliver_due(self.services):
            pass

    def message(self, device: ShopperDevice, kind: str) -> dict[str, Any]:
        self.deliver()
        found = [message for message in device.inbox() if message["kind"] == kind]
        assert found, f"no message {kind}"
        return found[-1]

    def contents(self) -> dict[str, str]:
        """A digest per table of everything stored, keys included: equal means that nothing changed."""
        stored = self.services.run.read(lambda tx: digests(tx, metadata))
        return stored | self.services.keys.read(lambda tx: digests(tx, keys_metadata))


def digests(tx: Transaction, of: MetaData) -> dict[str, str]:
    return {table.name: digest(tx, table) for table in of.sorted_tables if table.name not in SPENT}


def digest(tx: Transaction, table: Table) -> str:
    rows = sorted(repr(tuple(row)) for row in tx.execute(select(table)))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def a_key() -> str:
    return secrets.token_hex(8)
