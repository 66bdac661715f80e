"""CT6: money, vouchers, coupons and top-ups asked for many times at once are spent as often as they are there."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from backend.carts.tables import coupons
from backend.ledger.voucher_codes import read_code
from backend.operations.shopper_device import Reply, ShopperDevice
from tests.proof.counter import Desk
from tests.proof.fleet import Fleet, Good
from tests.proof.load import Clients, clients, insist, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import Buyer

PRICE_MINOR = 10_00


@proof("CT6", "Wallet, vouchers, coupons, top-ups", sabotage="endless_uses")
def ct6(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    counter = Counters(fleet, found)
    threads, rounds, vouchers, codes = size.of(8, 64), size.of(2, 200), size.of(2, 50), size.of(1, 20)
    with clients(threads) as some:
        goods = [
            fleet.stock("WALLET", rounds, price_minor=PRICE_MINOR, store=store) for store in ("R1", "J1")
        ]
        for buyer in fleet.shoppers(rounds, money_minor=PRICE_MINOR):
            counter.one_of_two_carts(some, buyer, goods)
        many = fleet.shoppers(threads, money_minor=0)
        for _ in range(vouchers):
            for uses in (1, 3):
                counter.voucher(some, many, uses)
        for buyer in fleet.shoppers(vouchers, money_minor=0):
            counter.same_top_up(some, buyer)
        for _ in range(codes):
            counter.coupon(some, uses=3)
    with clients(8) as sessions:
        for buyer in fleet.shoppers(vouchers, money_minor=0):
            counter.own_voucher(sessions, buyer)
        for buyer in fleet.shoppers(codes, money_minor=2 * PRICE_MINOR):
            counter.own_coupon(sessions, buyer, uses=2)
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    found.n = threads * (rounds + 3 * vouchers + codes) + 8 * (vouchers + codes)
    found.figure = (
        f"{rounds} wallets with money for one of two carts: one paid; {2 * vouchers} vouchers of 1 and 3 uses under "
        f"{threads} clients: 1 and 3 uses; {vouchers} in 8 sessions of one shopper: once; top-ups: once a key; "
        f"{codes} coupons of 3 uses and {codes} of 2 a shopper in 8 sessions: 3 and 2, given back and taken again"
    )
    return found


class Counters:
    def __init__(self, fleet: Fleet, found: Found) -> None:
        self.fleet, self.demand = fleet, found.demand
        self.staff = ShopperDevice(fleet.wire)
        self.staff.access_token = fleet.staff("cashier", "R1")
        self.head_office = Desk(fleet, "administrator")

    def key(self) -> str:
        return self.fleet.services.ids.token()

    def act(self, path: str, body: dict[str, object], *, key: str) -> Reply:
        return insist(lambda: self.staff.call("POST", f"/v1/staff/{path}", {"store": "R1", **body}, key=key))

    def money(self, buyer: Buyer) -> int:
        return int(buyer.call("GET", "/v1/wallet").json["balance_minor"])

    def one_of_two_carts(self, some: Clients, buyer: Buyer, goods: list[Good]) -> None:
        """Two stores, two carts, money for one: whatever key comes first."""
        opened = [buyer.open_checkout(buyer.put(good.label).json["cart"]["id"]).json["id"] for good in goods]
        grants = [buyer.grant(checkout) for checkout in opened]
        paid = some.at_once(lambda n: insist(lambda: buyer.settle(opened[n % 2], grants[n % 2])))
        answers = Counter(said(reply) for reply in paid)
        self.demand(answers["201"] == 1, f"money for one of two carts: {dict(answers)}")
        self.demand(self.money(buyer) == 0, f"left in the wallet: {self.money(buyer)}")

    def issued(self, uses: int) -> str:
        reply = self.act("vouchers", {"value_minor": 5_00, "uses": uses}, key=self.key())
        return str(reply.json["code"])

    def redeem(self, buyer: Buyer, code: str) -> str:
        key = self.key()
        body = {"code": code}
        return said(insist(lambda: buyer.call("POST", "/v1/wallet/vouchers", body, key=key)))

    def voucher(self, some: Clients, buyers: list[Buyer], uses: int) -> None:
        code = self.issued(uses)
        answers = Counter(some.at_once(lambda n: self.redeem(buyers[n], code)))
        wanted = {"201": uses, "409 voucher_used_up": len(buyers) - uses}
        self.demand(answers == wanted, f"a voucher of {uses}: {dict(answers)}")

    def own_voucher(self, sessions: Clients, buyer: Buyer) -> None:
        code = read_code(self.issued(3))
        answers = Counter(sessions.at_once(lambda _: self.redeem(buyer, code)))
        self.demand(answers["201"] == 1, f"one shopper, eight times: {dict(answers)}")
        self.demand(self.money(buyer) == 5_00, f"a voucher of 5.00 brought {self.money(buyer)}")

    def same_top_up(self, some: Clients, buyer: Buyer) -> None:
        key, body = self.key(), {"shopper": buyer.shopper_id, "amount_minor": 7_00}
        replies = some.at_once(lambda _: self.act("topups", body, key=key))
        self.demand(len({(reply.status, reply.body) for reply in replies}) == 1, "answers to one key differ")
        self.demand(self.money(buyer) == 7_00, f"one top-up of 7.00 brought {self.money(buyer)}")

    def coupon_issued(self, *, uses: int, a_shopper: int) -> str:
        """Ten percent off, in every store."""
        offer = {"kind": "percent", "percent_bp": 1000, "needs_coupon": True}
        code = f"TEN-{next(self.fleet.numbers)}"
        coupon = {"promotion": self.head_office.promote(offer), "code": code}
        limits = {"uses_max": uses, "per_shopper_max": a_shopper}
        made = self.head_office.act("/coupons", coupon | limits)
        self.demand(made.status == 201, f"a coupon was not made: {said(made)}")
        return code

    def coupon(self, some: Clients, uses: int) -> None:
        code = self.coupon_issued(uses=uses, a_shopper=1)
        good = self.fleet.stock("COUPON", some.threads, price_minor=PRICE_MINOR)
        buyers = self.fleet.shoppers(some.threads, money_minor=PRICE_MINOR)
        self.used_and_given_back(some, [(buyer, good) for buyer in buyers], code, uses)

    def own_coupon(self, sessions: Clients, buyer: Buyer, uses: int) -> None:
        """She has a cart in as many stores as sessions."""
        code = self.coupon_issued(uses=sessions.threads, a_shopper=uses)
        stores = [f"C{number}" for number in range(sessions.threads)]
        goods = [self.fleet.stock("OWN", 1, price_minor=PRICE_MINOR, store=store) for store in stores]
        self.used_and_given_back(sessions, [(buyer, good) for good in goods], code, uses)

    def used_and_given_back(
        self, some: Clients, shopping: list[tuple[Buyer, Good]], code: str, uses: int
    ) -> None:
        """As many checkouts as the coupon has uses; once more after all were cancelled; those are paid."""
        carts = some.each(lambda one: (one[0], self.discounted(*one, code)), shopping)
        for buyer, checkout in self.opened(some, carts, code, uses):
            reply = buyer.call("DELETE", f"/v1/checkouts/{checkout}")
            self.demand(reply.status == 204, f"a checkout with a coupon cancelled: {said(reply)}")
        self.demand(self.used(code) == 0, f"all checkouts cancelled: {self.used(code)} uses of their coupon")
        for buyer, checkout in self.opened(some, carts, code, uses):
            paid = buyer.settle(checkout, buyer.grant(checkout))
            self.demand(paid.status == 201, f"a checkout with a coupon paid: {said(paid)}")
        self.demand(self.used(code) == uses, f"a coupon of {uses}, paid: {self.used(code)} uses")

    def discounted(self, buyer: Buyer, good: Good, code: str) -> str:
        cart = str(buyer.put(good.label).json["cart"]["id"])
        reply = buyer.call("PUT", f"/v1/carts/{cart}/coupon", {"code": code})
        self.demand(reply.json["total_minor"] == PRICE_MINOR * 9 // 10, f"ten percent off: {reply.json}")
        return cart

    def opened(
        self, some: Clients, carts: list[tuple[Buyer, str]], code: str, uses: int
    ) -> list[tuple[Buyer, str]]:
        replies = some.at_once(lambda n: insist(lambda: carts[n][0].open_checkout(carts[n][1])))
        answers = Counter(said(reply) for reply in replies)
        wanted = {"201": uses, "409 coupon_used_up": len(carts) - uses}
        self.demand(answers == wanted, f"a coupon of {uses}: {dict(answers)}")
        self.demand(self.used(code) == uses, f"a coupon of {uses}: {self.used(code)} uses")
        given = zip(carts, replies, strict=True)
        return [(buyer, str(reply.json["id"])) for (buyer, _), reply in given if reply.status == 201]

    def used(self, code: str) -> int:
        row = select(coupons.c.uses).where(coupons.c.code == code)
        return int(self.fleet.services.run.read(lambda tx: tx.execute(row).scalar_one()))
