"""CT7: refunds of one order from everywhere at once: never more than was paid, and all of it if asked for."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from backend.operations.shopper_device import Reply
from tests.proof.counter import Desk, bought, code_of
from tests.proof.fleet import Fleet
from tests.proof.load import Clients, clients, insist, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

HAD_MINOR = 1_000_00
PRICE_MINOR = 20_00
PIECES = 5  # 100.00
AT_ONCE = 3  # 60.00


@proof("CT7", "Refund races", sabotage="uncapped_refund")
def ct7(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    back = Counterfoil(fleet, found, seed)
    rounds, mixed, races = size.of(1, 100), size.of(1, 100), size.of(1, 30)
    buyers = iter(fleet.shoppers(rounds + mixed + 3 * races + 1))
    with clients(size.of(8, 64)) as some:
        for _ in range(rounds):
            back.sixty_of_a_hundred(some, next(buyers))
        for _ in range(mixed):
            back.lines_and_whole(some, next(buyers))
        for _ in range(races):
            back.while_cancelling(some, next(buyers))
            back.while_packing(some, next(buyers))
            back.while_handing_over(some, next(buyers))
    back.nonsense(next(buyers))
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    found.n = (rounds + mixed + 3 * races) * some.threads
    found.figure = (
        f"{rounds} × {some.threads} refunds of 60.00 from 100.00: one each; {mixed} orders by line and whole:"
        f" paid back exactly; {3 * races} while cancelling, packing, handing over"
    )
    return found


class Counterfoil:
    def __init__(self, fleet: Fleet, found: Found, seed: int) -> None:
        self.fleet, self.demand = fleet, found.demand
        self.random = random.Random(seed)
        self.desk = Desk(fleet)
        self.good = fleet.stock("RUG", 100_000, price_minor=PRICE_MINOR)
        self.odd = fleet.stock("TEA", 100_000, price_minor=3_33)

    def refund(self, order_id: str, lines: dict[str, int] | None, **more: Any) -> Reply:
        asked: dict[str, Any] = {"order": order_id, "goods": "restock", "reason": "returned", **more}
        if lines is not None:
            asked["lines"] = [{"line": line, "pieces": pieces} for line, pieces in lines.items()]
        return self.desk.act("/refunds", asked)

    def back(self, buyer: Buyer, spent_minor: int) -> int:
        """What of it is in the wallet again."""
        left: int = buyer.call("GET", "/v1/wallet").json["balance_minor"]
        return left - (HAD_MINOR - spent_minor)

    def sixty_of_a_hundred(self, some: Clients, buyer: Buyer) -> None:
        order_id = bought(buyer, {self.good: PIECES})
        line = self.desk.order(order_id)["lines"][0]["id"]
        answers = Counter(
            said(reply) for reply in some.at_once(lambda _: self.refund(order_id, {line: AT_ONCE}))
        )
        wanted = {"201": 1, "409 refund_beyond": some.threads - 1}
        self.demand(answers == wanted, f"60.00 of 100.00, {some.threads} clients: {dict(answers)}")
        back = self.back(buyer, PIECES * PRICE_MINOR)
        self.demand(back == AT_ONCE * PRICE_MINOR, f"{back} came back")

    def lines_and_whole(self, some: Clients, buyer: Buyer) -> None:
        """Whoever comes, in any order: the parts are what was paid."""
        order_id = bought(buyer, {self.good: 2, self.odd: 7})
        order = self.desk.order(order_id)
        lines = [line["id"] for line in order["lines"]]
        choices = [{self.random.choice(lines): self.random.randint(1, 2)} for _ in range(some.threads)]
        choices[self.random.randrange(some.threads)] = {}
        replies = some.at_once(lambda i: self.refund(order_id, choices[i] or None))
        odd = Counter(said(reply) for reply in replies) - Counter({"201": 10**6, "409 refund_beyond": 10**6})
        self.demand(not odd, f"refunds by line and whole: {dict(odd)}")
        self.settled(buyer, order_id, order["total_minor"], replies)

    def settled(self, buyer: Buyer, order_id: str, total_minor: int, replies: list[Reply]) -> None:
        """After one more that takes the rest, everything is back, and not a halala more."""
        rest = self.refund(order_id, None)
        given = [reply.json["amount_minor"] for reply in [*replies, rest] if reply.status == 201]
        self.demand(sum(given) == total_minor, f"{sum(given)} paid back of {total_minor}")
        back = self.back(buyer, total_minor)
        self.demand(back == total_minor, f"{back} came back of {total_minor}")
        after = self.desk.order(order_id)["refunded_minor"]
        self.demand(after == total_minor, f"the order says {after} of {total_minor} refunded")

    def while_cancelling(self, some: Clients, buyer: Buyer) -> None:
        order_id = bought(buyer, {self.good: 2, self.odd: 3})
        total = self.desk.order(order_id)["total_minor"]
        path, key = f"/v1/orders/{order_id}/cancellation", self.fleet.services.ids.token()

        def act(client: int) -> Reply:
            if client % 2:
                return insist(lambda: buyer.call("POST", path, {}, key=f"{key}{client}", proved=True))
            return self.refund(order_id, None)

        answers = Counter(said(reply) for reply in some.at_once(act))
        self.demand(answers["200"] + answers["201"] == 1, f"cancelled and refunded at once: {dict(answers)}")
        self.all_back(buyer, order_id, total)

    def all_back(self, buyer: Buyer, order_id: str, total_minor: int) -> None:
        order = self.desk.order(order_id)
        self.demand(order["state"] == "cancelled", f"an order paid back whole is {order['state']}")
        back = self.back(buyer, total_minor)
        self.demand(back == total_minor, f"{back} came back of {total_minor}")

    def while_packing(self, some: Clients, buyer: Buyer) -> None:
        """Somebody packs while pieces are refunded: what is ready is what is left."""
        order_id = bought(buyer, {self.good: PIECES})
        line = self.desk.order(order_id)["lines"][0]["id"]
        packer = Desk(self.fleet, "packer")

        def act(client: int) -> Reply:
            return packer.pack(order_id) if client == 0 else self.refund(order_id, {line: 1})

        replies = some.at_once(act)
        refunds = [reply for reply in replies[1:] if reply.status == 201]
        self.demand(
            len(refunds) == min(PIECES, some.threads - 1), f"{len(refunds)} of {PIECES} pieces refunded"
        )
        order = self.desk.order(order_id)
        wanted = "cancelled" if len(refunds) == PIECES else order["state"]
        self.demand(order["state"] == wanted, f"nothing left, and the order is {order['state']}")
        back = self.back(buyer, PIECES * PRICE_MINOR)
        self.demand(back == len(refunds) * PRICE_MINOR, f"{back} came back for {len(refunds)} pieces")

    def while_handing_over(self, some: Clients, buyer: Buyer) -> None:
        """Handed over or paid back whole before; a refund after the pick-up leaves it handed over."""
        order_id = bought(buyer, {self.good: 2})
        packed = self.desk.pack(order_id)
        self.demand(packed.status == 200, f"packing: {said(packed)}")
        code = code_of(buyer, order_id)

        def act(client: int) -> Reply:
            if client == 0:
                return self.desk.act(f"/orders/{order_id}/handover", {"code": code})
            return self.refund(order_id, None)

        handed, *refunds = some.at_once(act)
        self.demand(sum(reply.status == 201 for reply in refunds) == 1, "a whole refund is given once")
        state = self.desk.order(order_id)["state"]
        wanted = "handed_over" if handed.status == 200 else "cancelled"
        self.demand(state == wanted, f"hand-over answered {said(handed)}, the order is {state}")
        back = self.back(buyer, 2 * PRICE_MINOR)
        self.demand(back == 2 * PRICE_MINOR, f"{back} came back of {2 * PRICE_MINOR}")

    def nonsense(self, buyer: Buyer) -> None:
        order_id = bought(buyer, {self.good: PIECES})
        line = self.desk.order(order_id)["lines"][0]["id"]
        heard = {
            "0": self.refund(order_id, {line: 0}),
            "-1": self.refund(order_id, {line: -1}),
            "6 of 5": self.refund(order_id, {line: PIECES + 1}),
            "2^63": self.refund(order_id, {line: 2**63}),
            "other currency": self.refund(order_id, {line: 1}, currency="USD"),
            "wrong amount available": self.refund(order_id, {line: 1}, refund_amount_available=99_99),
        }
        codes = {what: reply.code for what, reply in heard.items()}
        wanted = {
            "0": "invalid_body",
            "-1": "invalid_body",
            "6 of 5": "refund_beyond",
            "2^63": "invalid_body",
            "other currency": "currency_unknown",
            "wrong amount available": "refund_amount_changed",
        }
        self.demand(codes == wanted, f"refunds that make no sense: {codes}")
        self.demand(self.back(buyer, PIECES * PRICE_MINOR) == 0, "they moved money")
