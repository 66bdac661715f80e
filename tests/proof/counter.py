"""Staff at a fleet: who they are, and what they do to orders over HTTP."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from backend.db.outbox import Kind, outbox
from backend.operations.shopper_device import Reply, ShopperDevice
from tests.proof.fleet import Fleet, Good
from tests.proof.load import insist
from tests.proof.shoppers import Buyer


class Desk:
    """One member of staff at a device of the store."""

    def __init__(self, fleet: Fleet, role: str = "manager") -> None:
        self.fleet = fleet
        self.device = ShopperDevice(fleet.wire)
        self.device.access_token = fleet.staff(role)

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Reply:
        return self.fleet.log.count(self.device.call(method, f"/v1/staff{path}", body, key=key))

    def act(self, path: str, body: Any = None) -> Reply:
        """A POST with a key of its own, until it is answered for good."""
        key = self.fleet.services.ids.token()
        return insist(lambda: self.call("POST", path, body, key=key))

    def order(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = insist(lambda: self.call("GET", f"/orders/{order_id}")).json
        return found

    def pack(self, order_id: str) -> Reply:
        """Claim, tick what is left, ready; the first refusal if there is one."""
        accepted = self.act(f"/orders/{order_id}/accept")
        if accepted.status != 200:
            return accepted
        for line in accepted.json["lines"]:
            path = f"/orders/{order_id}/lines/{line['id']}/packed"
            ticked = self.act(path, {"packed": line["quantity"] - line["refunded"]})
            if ticked.status != 200:
                return ticked
        return self.act(f"/orders/{order_id}/ready")

    def promote(self, offer: dict[str, Any]) -> str:
        """The id of a promotion in every store, from now on."""
        since = self.fleet.services.clock.now() - timedelta(minutes=1)
        usual = {"store": None, "name_en": "Offer", "name_ar": "عرض", "valid_from": since.isoformat()}
        return str(self.act("/promotions", usual | offer).json["id"])


def bought(buyer: Buyer, goods: dict[Good, int]) -> str:
    """The id of a paid order."""
    cart_id = ""
    for good, pieces in goods.items():
        changed = buyer.put(good.label, pieces).json
        cart_id = changed.get("cart", changed)["id"]
    paid = buyer.buy(cart_id)
    assert paid.status == 201, paid
    return str(paid.json["order"]["id"])


def code_of(buyer: Buyer, order_id: str) -> str:
    """The newest pick-up code, as the shopper's device opens it."""
    rows = (
        select(outbox.c.payload)
        .where(outbox.c.subject == order_id, outbox.c.kind == Kind.ORDER_READY.value)
        .order_by(outbox.c.event_id.desc())
        .limit(1)
    )
    with buyer.fleet.engine.connect() as tx:
        sealed = tx.execute(rows).scalar_one()["sealed"]
    return str(json.loads(buyer.open(sealed[buyer.id]))["code"])
