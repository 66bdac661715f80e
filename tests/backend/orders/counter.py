"""Staff of the store, and a paid order on their queue."""

from __future__ import annotations

from backend.db.transaction import Runner
from backend.identity.staff import NewStaff, Role, StaffMember, create
from backend.orders import handover, packing
from backend.orders.order import Order, find
from tests.backend.checkout.till import Buyer, order_id
from tests.backend.inventory.shelf import IDS, NOON

CODE = "415263"


def a_member(run: Runner, store_id: str, role: Role = "packer") -> StaffMember:
    new = NewStaff(
        IDS.uuid7(), f"{role}-{IDS.token(4)}", role.title(), role, "no hash", frozenset({store_id})
    )
    run(lambda tx: create(tx, new, now=NOON))
    return StaffMember(new.id, new.display_name, role, new.store_ids)


def a_paid_order(buyer: Buyer, *skus: str) -> Order:
    checkout, grant = buyer.granted(*(skus or ("DATES", "BREAD")))
    paid = order_id(buyer.pay(checkout, grant))
    return buyer.run.read(lambda tx: find(tx, paid))


class Counter:
    """One member of staff at work on orders of the buyer's store."""

    def __init__(self, buyer: Buyer) -> None:
        self.run = buyer.run
        self.staff = a_member(buyer.run, buyer.shelf.store.id)

    def accept(self, order: Order) -> Order:
        return self.run(lambda tx: packing.accept(tx, order.id, staff=self.staff, ids=IDS, now=NOON))

    def tick(self, order: Order, line_id: str, packed: int) -> Order:
        return self.run(lambda tx: packing.tick(tx, order.id, line_id, packed, staff=self.staff, now=NOON))

    def pack(self, order: Order) -> Order:
        for line in order.lines:
            order = self.tick(order, line.id, line.quantity)
        return order

    def ready(self, order: Order) -> Order:
        sealed = {"device": "jwe"}
        return self.run(
            lambda tx: packing.ready(
                tx, order.id, code=CODE, sealed=sealed, staff=self.staff, ids=IDS, now=NOON
            )
        )

    def readied(self, order: Order) -> Order:
        return self.ready(self.pack(self.accept(order)))

    def hand_over(self, order: Order, code: str = CODE) -> Order:
        left = self.run(lambda tx: handover.take_try(tx, order.id, staff=self.staff))
        return self.run(
            lambda tx: handover.hand_over(
                tx, order.id, code, tries_left=left, staff=self.staff, ids=IDS, now=NOON
            )
        )
