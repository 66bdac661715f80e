"""CT2: paying, prolonging and scanning at the very moment of expiry, and prices that change on the way to the till."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Timer

from backend import worker
from backend.errors import Refusal
from backend.operations.shopper_device import Reply
from tests.proof.fleet import Fleet, Good
from tests.proof.load import Clients, clients, meanwhile, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

TTL_S = 2
EDGE_S = 0.05  # on both sides of the end
AFTER_S = 0.5  # by then an expired piece must have gone to whoever wants it
TOLD_PAYING = {"201", "403 payment_not_authorised", "409 checkout_expired", "409 reservation_expired"}
TOLD_PROLONGING = {"200", "409 cart_expired"}


@proof("CT2", "Expiry and price races", sabotage="expiry_by_sweep_only")
def ct2(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    pairs, unswept, swept, prices = size.of(6, 64), size.of(1, 24), size.of(0, 24), size.of(6, 500)
    shop = Shop(fleet, found, seed)
    with fleet.hurried(cart_lifetime=TTL_S, checkout_lifetime=TTL_S), clients(pairs) as some:
        with fleet.without_workers():  # nothing is put away but by who comes next
            shop.edges_of_holds(some, unswept)
        with meanwhile(shop.sweep):
            shop.edges_of_holds(some, swept)
    with clients(size.of(4, 16)) as some:
        changed = Counter(some.each(shop.price_change, fleet.shoppers(prices)))
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    found.n = sum(shop.edges.values()) + prices
    found.figure = f"{dict(sorted(shop.edges.items()))}; {prices} price changes: {dict(changed)}"
    return found


class Shop:
    def __init__(self, fleet: Fleet, found: Found, seed: int) -> None:
        self.fleet, self.found = fleet, found
        self.random = random.Random(seed)
        self.edges: Counter[str] = Counter()

    def edges_of_holds(self, some: Clients, rounds: int) -> None:
        """Every pair of clients has a last piece of its own; a third of them each does one of the acts."""
        others = self.fleet.shoppers(some.threads)
        acts = (self.pay_at_the_end, self.prolong_at_the_end, self.come_back)
        for number in range(rounds):
            holders = self.fleet.shoppers(some.threads)
            goods = [self.fleet.stock("LAST", 1) for _ in holders]

            turns = [
                partial(acts[(client + number) % len(acts)], holders[client], others[client], goods[client])
                for client in range(some.threads)
            ]
            some.at_once(partial(self.take_turn, turns))

    def take_turn(self, turns: Sequence[Callable[[], None]], client: int) -> None:
        try:
            turns[client]()
        except TooSlow:
            self.edges["(the test was too slow)"] += 1

    def pay_at_the_end(self, holder: Buyer, other: Buyer, last: Good) -> None:
        """(a, b, c) A grant ends with a whole second, so the checkout is opened just after one."""
        cart_id = holder.put(last.label).json["cart"]["id"]
        wait_until(whole_second_after(now()))
        opened = holder.open_checkout(cart_id)
        if opened.code == "cart_expired":
            raise TooSlow
        checkout_id, ends = opened.json["id"], at(opened.json["expires_at"])
        try:
            grant = holder.grant(checkout_id)
        except Refusal as refused:
            raise TooSlow from refused
        self.around(ends.replace(microsecond=0))
        paid = holder.settle(checkout_id, grant)
        self.found.demand(said(paid) in TOLD_PAYING, f"paying at the end: {said(paid)}")
        self.piece_of_one("pay", holder_has=paid.status == 201, scans=self.grab(other, last, ends))

    def prolong_at_the_end(self, holder: Buyer, other: Buyer, last: Good) -> None:
        """(d) Who prolongs in time keeps it; who comes too late has lost it to whoever wants it."""
        cart = holder.put(last.label).json["cart"]
        ends = at(cart["expires_at"])
        self.around(ends)
        longer = holder.call("POST", f"/v1/carts/{cart['id']}/extension", {})
        self.found.demand(said(longer) in TOLD_PROLONGING, f"prolonging at the end: {said(longer)}")
        kept = longer.status == 200
        scanned = self.grab(other, last, ends)
        if kept and now() >= at(longer.json["expires_at"]):
            raise TooSlow  # by the answer, the longer time was over as well
        self.piece_of_one("prolong", holder_has=kept, scans=scanned)

    def around(self, moment: datetime) -> None:
        wait_until(moment + timedelta(seconds=self.random.uniform(-EDGE_S, EDGE_S)))

    def grab(self, other: Buyer, last: Good, ends: datetime) -> Reply:
        """Scans until the piece is there, or is surely not coming back."""
        while True:
            begun = now()
            scanned = other.put(last.label)
            if scanned.status == 201 or begun > ends + timedelta(seconds=AFTER_S):
                return scanned

    def piece_of_one(self, act: str, *, holder_has: bool, scans: Reply) -> None:
        wanted = "409 out_of_stock" if holder_has else "201"
        outcome = f"{act}: {'kept' if holder_has else 'lost'}"
        self.edges[outcome] += 1
        self.found.demand(said(scans) == wanted, f"{outcome}, and the next shopper heard {said(scans)}")

    def come_back(self, holder: Buyer, _other: Buyer, last: Good) -> None:
        """(e) Her own expired hold on the last piece does not refuse her."""
        cart = holder.put(last.label).json["cart"]
        wait_until(at(cart["expires_at"]) + timedelta(seconds=EDGE_S))
        scanned = holder.put(last.label)
        self.edges["own hold given back"] += 1
        self.found.demand(scanned.status == 201, f"her own expired hold refused her: {said(scanned)}")

    def sweep(self) -> None:
        """(c) As the worker does, only without pause."""
        worker.sweep(self.fleet.services)
        time.sleep(0.01)

    def price_change(self, buyer: Buyer) -> str:
        """(f) A rise asks first, a drop passes on, whenever it comes; nobody pays more than was shown."""
        shelf, shown = self.fleet.store(), 5_00
        good = self.fleet.stock("PRICED", 1, price_minor=shown)
        cart_id = buyer.put(good.label).json["cart"]["id"]
        new = shown + self.random.choice((-1_00, 1_00))
        change = Timer(self.random.choice((0, 0.01)), shelf.price, (good.sku, new), {"since": now()})
        change.start()
        before = self.random.random() < 0.5
        if before:
            change.join()  # else it comes beside the checkout
        paid = buyer.buy(cart_id)
        change.join()
        if paid.code == "cart_changed":
            self.found.demand(new > shown, "a drop was refused")
            accepted = buyer.call("POST", f"/v1/carts/{cart_id}/prices", {})
            self.found.demand(accepted.json["total_minor"] == new, f"accepting a rise: {said(accepted)}")
            self.charged(buyer.buy(cart_id), {new})
            return "rise, asked first"
        self.found.demand(not before or new < shown, "a rise was charged without asking")
        self.charged(paid, {new} if before else {new, shown})
        return "drop, passed on" if new < shown else "rise, too late to count"

    def charged(self, paid: Reply, may_be: set[int]) -> None:
        charged = paid.json["order"]["total_minor"] if paid.status == 201 else said(paid)
        self.found.demand(charged in may_be, f"{charged} charged, agreed {may_be}")


class TooSlow(Exception):
    """The hold ended before the race began or before it was over: the machine was too busy for this round."""


def now() -> datetime:
    return datetime.now(UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def whole_second_after(moment: datetime) -> datetime:
    return moment.replace(microsecond=0) + timedelta(seconds=1)


def wait_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - now()).total_seconds()))
