"""CT21: several packers and one order: one of them packs it, and whatever becomes of it stands in its history."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

from sqlalchemy import select, update

from backend.inventory.tables import stock
from backend.operations.shopper_device import Reply
from backend.orders.tables import order_steps, orders
from tests.proof.counter import Desk, bought, code_of
from tests.proof.fleet import Fleet
from tests.proof.load import Clients, clients, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

HAD_MINOR = 1_000_00
PRICE_MINOR = 5_00
WRONG = 5


@proof("CT21", "Packaging", sabotage="claim_for_all")
def ct21(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    several, rounds = size.of(6, 500), size.of(1, 20)
    hall = Hall(fleet, found, seed, packers=size.of(3, 8))
    buyers = fleet.shoppers(several)
    with clients(8) as some:
        waiting = dict(zip(some.each(hall.buy, buyers), buyers, strict=True))
        pieces = hall.on_hand()
    with clients(len(hall.packers)) as some:
        claimed = hall.claim_all(some, list(waiting))
        for order_id in list(waiting)[:rounds]:
            claimed[order_id] = hall.taken_over(some, order_id, claimed[order_id])
        some.each(lambda one: hall.pack(*one), claimed.items())
        for number, (order_id, buyer) in enumerate(waiting.items()):
            (hall.lock_and_renew, hall.mismatch, hall.hand_over)[number % 3](some, order_id, buyer)
    hall.history(list(waiting))
    hall.demand(hall.on_hand() == pieces + hall.put_back, "mismatches did not put back what they said")
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    found.n = several
    found.figure = (
        f"{several} orders, {len(hall.packers)} packers: one claim each; {rounds} claims ran out and went to one;"
        f" {hall.put_back} pieces back on the shelf"
    )
    return found


class Hall:
    def __init__(self, fleet: Fleet, found: Found, seed: int, *, packers: int) -> None:
        self.fleet, self.demand = fleet, found.demand
        self.random = random.Random(seed)
        self.packers = [Desk(fleet, "packer") for _ in range(packers)]
        self.good = fleet.stock("CRATE", 100_000, price_minor=PRICE_MINOR)
        self.put_back = 0

    def buy(self, buyer: Buyer) -> str:
        return bought(buyer, {self.good: 2})

    def on_hand(self) -> int:
        with self.fleet.engine.connect() as tx:
            return int(tx.execute(select(stock.c.on_hand).where(stock.c.sku == self.good.sku)).scalar_one())

    def claim_all(self, some: Clients, order_ids: list[str]) -> dict[str, Desk]:
        """Everybody goes for every order."""
        claimed: dict[str, Desk] = {}

        def accept(order_id: str) -> list[Reply]:
            return some.at_once(lambda i: self.packers[i].act(f"/orders/{order_id}/accept"))

        for order_id in order_ids:
            replies = accept(order_id)
            answers = Counter(said(reply) for reply in replies)
            wanted = {"200": 1, "409 order_claimed": some.threads - 1}
            self.demand(answers == wanted, f"one order, {some.threads} packers: {dict(answers)}")
            claimed[order_id] = self.packers[
                next(i for i, reply in enumerate(replies) if reply.status == 200)
            ]
        return claimed

    def taken_over(self, some: Clients, order_id: str, packer: Desk) -> Desk:
        """A packer's connection is gone: nobody can take the order before its time is over, then one can."""
        at = self.fleet.services
        over = at.clock.now() - timedelta(seconds=1)
        at.run(lambda tx: tx.execute(update(orders).where(orders.c.id == order_id).values(claim_until=over)))
        others = [one for one in self.packers if one is not packer]
        replies = some.each(lambda one: one.act(f"/orders/{order_id}/accept"), others)
        took = [one for one, reply in zip(others, replies, strict=True) if reply.status == 200]
        self.demand(len(took) == 1, f"a claim that ran out went to {len(took)} packers")
        line = packer.order(order_id)["lines"][0]["id"]
        late = packer.act(f"/orders/{order_id}/lines/{line}/packed", {"packed": 1})
        self.demand(late.code == "order_claimed", f"who lost the order ticked on: {said(late)}")
        return took[0] if took else packer

    def pack(self, order_id: str, packer: Desk) -> None:
        packed = packer.pack(order_id)
        self.demand(packed.status == 200, f"the claimer could not pack: {said(packed)}")

    def lock_and_renew(self, some: Clients, order_id: str, buyer: Buyer) -> None:
        """Five wrong codes lock that code; a new one opens, once, however many show it."""
        code = code_of(buyer, order_id)
        wrong = "000000" if code != "000000" else "111111"
        path = f"/orders/{order_id}/handover"
        tries = [self.random.choice(self.packers).act(path, {"code": wrong}) for _ in range(WRONG)]
        self.demand({reply.code for reply in tries} == {"pickup_code_wrong"}, f"{[said(r) for r in tries]}")
        locked = self.packers[0].act(path, {"code": code})
        self.demand(locked.code == "pickup_locked", f"the right code after five wrong ones: {said(locked)}")
        renewed = self.packers[0].act(f"/orders/{order_id}/code")
        self.demand(renewed.status == 200, f"a new code: {said(renewed)}")
        self.hand_over(some, order_id, buyer)

    def hand_over(self, some: Clients, order_id: str, buyer: Buyer) -> None:
        code = code_of(buyer, order_id)
        path = f"/orders/{order_id}/handover"
        answers = Counter(
            said(reply) for reply in some.at_once(lambda i: self.packers[i].act(path, {"code": code}))
        )
        self.demand(answers["200"] == 1, f"handed over at once: {dict(answers)}")
        odd = answers.keys() - {"200", "409 order_state", "409 pickup_locked"}
        self.demand(not odd, f"handed over at once: {dict(answers)}")

    def mismatch(self, some: Clients, order_id: str, buyer: Buyer) -> None:
        """Goods and money in one transaction, once."""
        goods = self.random.choice(("restock", "write_off"))
        asked = {"reason": "goods_damaged", "refund": True, "goods": goods}
        path = f"/orders/{order_id}/mismatch"
        answers = Counter(said(reply) for reply in some.at_once(lambda i: self.packers[i].act(path, asked)))
        wanted = {"200": 1, "409 order_state": some.threads - 1}
        self.demand(answers == wanted, f"a mismatch from {some.threads} desks: {dict(answers)}")
        left = buyer.call("GET", "/v1/wallet").json["balance_minor"]
        self.demand(left == HAD_MINOR, f"{left} in the wallet after a refund of everything")
        self.put_back += 2 if goods == "restock" else 0

    def history(self, order_ids: list[str]) -> None:
        """Every change of state has its time and its name."""
        steps = order_steps.c
        with self.fleet.engine.connect() as tx:
            rows = tx.execute(
                select(steps.order_id, steps.state, steps.staff_id)
                .where(steps.order_id.in_(order_ids), steps.act.is_(None))
                .order_by(steps.id)
            ).all()
        went: dict[str, list[str]] = {order_id: [] for order_id in order_ids}
        for order_id, state, staff_id in rows:
            went[order_id].append(state)
            self.demand(staff_id is not None, f"nobody brought order {order_id} to {state}")
        packed = ["accepted", "packing", "ready"]
        odd = [way for way in went.values() if way not in ([*packed, "handed_over"], [*packed, "mismatch"])]
        self.demand(not odd, f"{len(odd)} histories as {odd[:2]}")
