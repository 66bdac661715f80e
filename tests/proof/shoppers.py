"""Shoppers with devices at a fleet: made by use cases, shopping over HTTP.

A grant comes from the use case that a matched face ends in, so that a proof about money needs no face model.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from backend.adapters.jose import JoseSealer
from backend.api.app import create_app
from backend.api.auth import Who, access_token
from backend.authorization.evidence import Evidence, Factor
from backend.checkout import face_step
from backend.db.transaction import Transaction
from backend.identity import devices, pins, sessions, shoppers, staff
from backend.identity.staff import NewStaff
from backend.ledger import topups
from backend.ledger.topups import CASH_MINOR_MAX, TopUp
from backend.operations.shopper_device import Reply, ShopperDevice
from tests.backend.identity.people import new_device

if TYPE_CHECKING:
    from tests.proof.fleet import Fleet

PIN = "629480"
SHOPPERS_PER_TRANSACTION = 50
GRANT_LIFETIME = timedelta(seconds=120)


class Buyer(ShopperDevice):
    """A shopper's device that also logs what it was told."""

    def __init__(self, fleet: Fleet) -> None:
        super().__init__(fleet.wire)
        self.fleet = fleet
        self.session_id = ""

    def call(self, *words: Any, **given: Any) -> Reply:
        return self.fleet.log.count(super().call(*words, **given))

    def put(self, label: str, pieces: int = 1, *, scan_id: str | None = None) -> Reply:
        """One scan, and where more pieces are wanted a change of the line."""
        scanned = self.scan(label, scan_id=scan_id)
        if scanned.status not in (200, 201) or pieces == 1:
            return scanned
        cart, line = scanned.json["cart"], scanned.json["line"]
        path = f"/v1/carts/{cart['id']}/lines/{line['id']}"
        return self.call("PATCH", path, {"quantity": line["quantity"] + pieces - 1})

    def grant(self, checkout_id: str) -> str:
        """What reaches the device after its face matched. Raises Refusal as that step does."""
        at, now = self.fleet.services, self.fleet.services.clock.now()
        factors = (Factor.DEVICE, Factor.FACE_MATCH)
        evidence = tuple(Evidence(factor, self.shopper_id, checkout_id, now) for factor in factors)
        overheard = Overheard(at.sealer)
        at.run(
            lambda tx: face_step.add_evidence(
                tx,
                checkout_id,
                self.shopper_id,
                self.id,
                evidence,
                sealer=overheard,
                grant_lifetime=GRANT_LIFETIME,
                ids=at.ids,
                now=now,
            )
        )
        return overheard.grant

    def settle(self, checkout_id: str, grant: str, *, key: str | None = None) -> Reply:
        """Pay with the right PIN; the log knows the answer."""
        return self.fleet.log.payment(checkout_id, self.pay(checkout_id, grant, PIN, key=key))

    def buy(self, cart_id: str) -> Reply:
        """From a filled cart to the answer of the payment, or to the first refusal."""
        opened = self.open_checkout(cart_id)
        if opened.status != 201:
            return opened
        checkout_id = opened.json["id"]
        return self.settle(checkout_id, self.grant(checkout_id))


class Overheard:
    """A sealer that keeps the last grant it signed."""

    def __init__(self, sealer: Any) -> None:
        self.sealer: JoseSealer = sealer
        self.grant = ""

    def sign_grant(self, claims: Any) -> str:
        self.grant = self.sealer.sign_grant(claims)
        return self.grant

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sealer, name)


def sign_up(fleet: Fleet, several: int, *, money_minor: int) -> list[Buyer]:
    buyers = [Buyer(fleet) for _ in range(several)]
    at, store_id = fleet.services, fleet.store().store.id
    tokens = create_app(at)
    for start in range(0, several, SHOPPERS_PER_TRANSACTION):
        some = buyers[start : start + SHOPPERS_PER_TRANSACTION]
        ids = [(at.ids.uuid7(), at.ids.uuid7()) for _ in some]

        def begin(tx: Transaction, some: list[Buyer] = some, ids: list[tuple[str, str]] = ids) -> None:
            for buyer, (shopper_id, session_id) in zip(some, ids, strict=True):
                furnish(tx, fleet, buyer, shopper_id, session_id)
                if money_minor:
                    give_money(tx, fleet, shopper_id, store_id, money_minor)

        at.run(begin)
        with tokens.app_context():
            for buyer, (shopper_id, session_id) in zip(some, ids, strict=True):
                buyer.shopper_id, buyer.session_id = shopper_id, session_id
                buyer.access_token = access_token(Who(shopper_id, buyer.id, session_id))
    return buyers


def furnish(tx: Transaction, fleet: Fleet, buyer: Buyer, shopper_id: str, session_id: str) -> None:
    now = fleet.services.clock.now()
    shoppers.create_guest(tx, shopper_id=shopper_id, language="en", now=now)
    devices.add(tx, shopper_id, new_device(buyer), now=now)
    sessions.open_session(tx, session_id=session_id, shopper_id=shopper_id, device_id=buyer.id, now=now)
    pin_hash, version = fleet.hasher.hash_pin(shopper_id, PIN)
    pins.set_pin(tx, shopper_id, pin_hash=pin_hash, pepper_version=version, now=now)


def give_money(tx: Transaction, fleet: Fleet, shopper_id: str, store_id: str, money_minor: int) -> None:
    at = fleet.services
    while money_minor > 0:
        part = min(money_minor, CASH_MINOR_MAX)
        money_minor -= part
        command = TopUp(at.ids.uuid7(), store_id, shopper_id, part, "SAR", at.ids.uuid7())
        topups.top_up(tx, command, ids=at.ids, now=at.clock.now())


def employ(fleet: Fleet, role: Any, store_ids: Iterable[str]) -> str:
    """A Bearer token of somebody new."""
    at = fleet.services
    login = f"{role}-{next(fleet.numbers)}"
    new = NewStaff(
        id=at.ids.uuid7(),
        login=login,
        display_name=login,
        role=role,
        password_hash=fleet.hasher.hash_password(PIN),
        store_ids=frozenset(store_ids),
    )
    at.run(lambda tx: staff.create(tx, new, now=at.clock.now()))
    device = ShopperDevice(fleet.wire)
    signed_in = device.call("POST", "/v1/staff/sessions", {"login": login, "password": PIN})
    assert signed_in.status == 201, signed_in
    return str(signed_in.json["token"])
