"""A shopper who can pay: wallet, PIN and a device with keys, over the real use cases."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from backend.adapters.jose import JoseSealer
from backend.authorization.evidence import Evidence, Factor
from backend.checkout import face_step
from backend.checkout.card import Cards
from backend.checkout.open import Checkout, OpenCheckout, cancel, open_checkout
from backend.checkout.pay import PayWithPin, pay
from backend.checkout.tables import checkouts
from backend.db.idempotency import Answer, Once
from backend.db.outbox import Kind, outbox
from backend.db.transaction import Run, Runner
from backend.identity import devices, pins
from backend.identity.ports import PinHasher
from backend.ledger import topups
from backend.ledger.accounts import balance, open_store_accounts
from backend.ledger.topups import TopUp
from backend.operations.shopper_device import DeviceKeys
from tests.backend.carts.trolley import Trolley
from tests.backend.identity.keys import sealer
from tests.backend.identity.people import new_device
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf
from tests.fakes import QuickHasher

PIN = "629480"
LIFETIME = 5 * MINUTE
GRANT_LIFETIME = timedelta(seconds=120)
HASHER = QuickHasher()


@dataclass(frozen=True)
class At:
    at: datetime

    def now(self) -> datetime:
        return self.at


class Buyer(Trolley):
    def __init__(self, shelf: Shelf, *, money_minor: int = 100_00) -> None:
        super().__init__(shelf)
        self.sealer: JoseSealer = sealer()
        self.device = self.another_device()
        pin_hash, version = HASHER.hash_pin(self.shopper_id, PIN)
        self.run(
            lambda tx: pins.set_pin(tx, self.shopper_id, pin_hash=pin_hash, pepper_version=version, now=NOON)
        )
        if money_minor:
            self.top_up(money_minor)

    def another_device(self) -> DeviceKeys:
        device = DeviceKeys()
        self.run(lambda tx: devices.add(tx, self.shopper_id, new_device(device), now=NOON))
        return device

    def top_up(self, amount_minor: int) -> None:
        command = TopUp(IDS.uuid7(), self.shelf.store.id, self.shopper_id, amount_minor, "SAR", IDS.uuid7())
        self.run(lambda tx: topups.top_up(tx, command, ids=IDS, now=NOON))

    @property
    def money_minor(self) -> int:
        return self.run.read(lambda tx: balance(tx, self.shopper_id, "SAR"))

    def checkout(self, *skus: str, now: datetime = NOON) -> Checkout:
        cart = self.filled(*skus)
        return self.open(cart.id, now=now)

    def open(self, cart_id: str, *, now: datetime = NOON) -> Checkout:
        command = OpenCheckout(cart_id, self.shopper_id, self.device.id)
        return self.run(lambda tx: open_checkout(tx, command, lifetime=LIFETIME, ids=IDS, now=now))

    def cancel(self, checkout: Checkout, *, now: datetime = NOON) -> None:
        self.run(lambda tx: cancel(tx, checkout.id, self.shopper_id, now=now))

    def prove(self, checkout: Checkout, factor: Factor = Factor.FACE_MATCH, *, now: datetime = NOON) -> bool:
        evidence = tuple(Evidence(f, self.shopper_id, checkout.id, now) for f in (Factor.DEVICE, factor))
        return self.run(
            lambda tx: face_step.add_evidence(
                tx,
                checkout.id,
                self.shopper_id,
                self.device.id,
                evidence,
                sealer=self.sealer,
                grant_lifetime=GRANT_LIFETIME,
                ids=IDS,
                now=now,
            )
        )

    def told(self, kind: Kind) -> list[dict[str, Any]]:
        """Payloads of what the outbox holds for this shopper, oldest first."""
        rows = select(outbox.c.payload).where(
            outbox.c.shopper_id == self.shopper_id, outbox.c.kind == kind.value
        )
        return list(self.run.read(lambda tx: tx.execute(rows.order_by(outbox.c.id)).scalars().all()))

    def grant(self) -> str:
        """The newest grant, as this device opens it."""
        return self.device.open(self.told(Kind.GRANT_ISSUED)[-1]["sealed"][self.device.id])

    def granted(self, *skus: str) -> tuple[Checkout, str]:
        checkout = self.checkout(*skus)
        assert self.prove(checkout)
        return checkout, self.grant()

    def pay(
        self,
        checkout: Checkout,
        grant: str,
        *,
        pin: str = PIN,
        key: str | None = None,
        now: datetime = NOON,
        digest: str = "d" * 64,
        run: Run | None = None,
        hasher: PinHasher = HASHER,
        cards: Cards | None = None,
    ) -> Answer:
        command = PayWithPin(
            checkout.id,
            self.shopper_id,
            self.device.id,
            grant,
            pin,
            Once(self.shopper_id, key or IDS.token(), f"checkouts/{checkout.id}/pay", digest),
            cards,
        )
        return pay(command, run=run or self.run, hasher=hasher, sealer=self.sealer, ids=IDS, clock=At(now))

    def state(self, checkout: Checkout) -> str:
        row = select(checkouts.c.state).where(checkouts.c.id == checkout.id)
        return str(self.run.read(lambda tx: tx.execute(row).scalar_one()))


def order_id(answer: Answer) -> str:
    return str(json.loads(answer.body)["order"]["id"])


def a_buyer(run: Runner, *, money_minor: int = 100_00) -> Buyer:
    shelf = Shelf(run)
    run(lambda tx: open_store_accounts(tx, shelf.store.id, "SAR"))
    for sku, price_minor, rate_bp in (("WATER", 1_00, 1500), ("DATES", 23_00, 1500), ("BREAD", 2_50, 0)):
        shelf.put(sku, price_minor=price_minor, vat_rate_bp=rate_bp)
    return Buyer(shelf, money_minor=money_minor)
