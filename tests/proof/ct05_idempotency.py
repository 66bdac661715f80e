"""CT5: one key, one effect, the same bytes, whatever comes in parallel, again, changed, or over a cut line."""

from __future__ import annotations

import random
import socket
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import update

from backend.db import idempotency
from backend.db.idempotency import idempotency_records
from backend.operations.shopper_device import Reply
from tests.proof.fleet import Fleet
from tests.proof.load import Clients, CutOff, clients, insist, said
from tests.proof.result import Found, Size, proof
from tests.proof.shoppers import PIN, Buyer, give_money

PRICE_MINOR = 1_00
CUT_WITHIN_S = 0.03  # about as long as a payment takes


@proof("CT5", "Idempotency", sabotage="no_idempotency")
def ct5(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    till = Till(fleet, found, seed)
    keys, rounds, races, cuts = size.of(2, 200), size.of(2, 200), size.of(2, 200), size.of(3, 500)
    with clients(size.of(8, 64)) as some:
        for buyer in fleet.shoppers(keys):
            till.same_key(some, buyer)
        for buyer in fleet.shoppers(rounds):
            till.other_keys(some, buyer)
    with clients(8) as some:
        for buyer in fleet.shoppers(races):
            till.cart_changes(some, buyer)
        some.each(till.cut_line, fleet.shoppers(cuts))
    till.changed_request()
    till.a_day_later()
    till.refused_then_right()
    till.malformed_keys()
    found.demand(not fleet.log.broken, f"answers {fleet.log.broken}")
    copies = keys * size.of(8, 64)
    found.n = copies + rounds * size.of(8, 64) + races + cuts
    found.figure = (
        f"{keys} keys × {copies // keys} copies: one execution, equal bytes; {rounds} carts × other keys: one order;"
        f" {races} carts changed while paid for; {cuts} lines cut: same answer"
    )
    return found


class Till:
    def __init__(self, fleet: Fleet, found: Found, seed: int) -> None:
        self.fleet, self.found = fleet, found
        self.demand = found.demand
        self.random = random.Random(seed)
        self.goods = [fleet.stock(name, 10_000, price_minor=PRICE_MINOR) for name in ("A", "B", "C")]

    def key(self) -> str:
        return self.fleet.services.ids.token()

    def opened(self, buyer: Buyer) -> tuple[str, str]:
        """(checkout, grant) of a cart with one piece."""
        cart_id = buyer.put(self.goods[0].label).json["cart"]["id"]
        checkout_id = buyer.open_checkout(cart_id).json["id"]
        return checkout_id, buyer.grant(checkout_id)

    def same_key(self, some: Clients, buyer: Buyer) -> None:
        """(a) Parallel copies: all get the bytes of the one execution, perhaps after hearing that it runs."""
        cart_id = buyer.put(self.goods[0].label).json["cart"]["id"]
        key = self.key()
        opened = some.at_once(lambda _: insist(lambda: buyer.open_checkout(cart_id, key=key)))
        self.one_answer("opening", opened)
        checkout_id = opened[0].json["id"]
        grant, key = buyer.grant(checkout_id), self.key()
        self.one_answer(
            "paying", some.at_once(lambda _: insist(lambda: buyer.settle(checkout_id, grant, key=key)))
        )
        self.spent(buyer, PRICE_MINOR)

    def one_answer(self, act: str, replies: list[Reply]) -> None:
        seen = Counter((one.status, one.headers.get("Content-Type"), one.body) for one in replies)
        self.demand(
            len(seen) == 1, f"{act}: {len(seen)} different answers to copies of one request: {list(seen)[:3]}"
        )
        self.found.require(replies[0].status == 201, f"{act}: {said(replies[0])}")

    def spent(self, buyer: Buyer, minor: int) -> None:
        left = buyer.call("GET", "/v1/wallet").json["balance_minor"]
        self.demand(left == 1_000_00 - minor, f"{1_000_00 - left} left the wallet instead of {minor}")

    def other_keys(self, some: Clients, buyer: Buyer) -> None:
        """(d) The same cart under different keys: one order, a typed no to everybody else."""
        cart_id = buyer.put(self.goods[0].label).json["cart"]["id"]
        opened = some.at_once(lambda _: insist(lambda: buyer.open_checkout(cart_id)))
        ours = [reply for reply in opened if reply.status == 201]
        self.found.require(len(ours) == 1, f"a cart was opened {len(ours)} times")
        checkout_id = ours[0].json["id"]
        grant = buyer.grant(checkout_id)
        paid = some.at_once(lambda _: insist(lambda: buyer.settle(checkout_id, grant)))
        answers = Counter(said(reply) for reply in paid)
        self.demand(answers["201"] == 1, f"one cart, other keys: {dict(answers)}")
        self.spent(buyer, PRICE_MINOR)

    def cart_changes(self, some: Clients, buyer: Buyer) -> None:
        """(e) Adding, changing and removing while the same cart is paid for: what is charged is what was agreed."""
        cart = [buyer.put(good.label) for good in self.goods[:2]][-1].json["cart"]
        lines = [f"/v1/carts/{cart['id']}/lines/{line['id']}" for line in cart["lines"]]

        def act(client: int) -> Reply:
            if client == 0:
                return buyer.buy(cart["id"])
            if client % 3 == 0:
                return buyer.call("DELETE", lines[1])
            if client % 3 == 1:
                return buyer.put(self.goods[2].label)
            return buyer.call("PATCH", lines[0], {"quantity": 1 + client})

        replies = some.at_once(act)
        odd = [reply for reply in replies if reply.status not in (200, 201, 404, 409)]
        self.demand(not odd, f"changing a cart that is paid for: {[said(reply) for reply in odd]}")
        if replies[0].status == 201:
            self.spent(buyer, replies[0].json["order"]["total_minor"])

    def cut_line(self, buyer: Buyer) -> None:
        """(f) Nobody reads the first answer; who asks again hears it, and a third time the same."""
        checkout_id, grant = self.opened(buyer)
        key = self.key()
        whole, buyer.transport = buyer.transport, self.cut
        with suppress(CutOff):
            buyer.settle(checkout_id, grant, key=key)
        buyer.transport = whole
        replies = [insist(lambda: buyer.settle(checkout_id, grant, key=key)) for _ in range(2)]
        self.one_answer("after a cut line", replies)

    def cut(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """A transport that sends and hangs up."""
        fields = {"Host": "localhost", "Content-Length": str(len(body))} | headers
        head = "".join(
            [f"{method} {path} HTTP/1.1\r\n", *(f"{name}: {text}\r\n" for name, text in fields.items())]
        )
        with socket.create_connection(("127.0.0.1", self.random.choice(self.fleet.ports()))) as line:
            line.sendall(f"{head}\r\n".encode() + body)
            time.sleep(self.random.uniform(0, CUT_WITHIN_S))
        raise CutOff(path)

    def changed_request(self) -> None:
        """(b) A key names one request of one shopper."""
        buyer, other = self.fleet.shoppers(2)
        checkout_id, grant = self.opened(buyer)
        key, path = self.key(), f"/v1/checkouts/{checkout_id}/pay"
        body = {"grant": grant, "pin": PIN}
        first = buyer.settle(checkout_id, grant, key=key)
        self.demand(first.status == 201, f"paying: {said(first)}")
        others = {
            "body": buyer.call("POST", path, {"pin": "111111", "grant": grant}, key=key, proved=True),
            "query": buyer.call("POST", f"{path}?again=1", body, key=key, proved=True),
            "path": buyer.open_checkout(buyer.put(self.goods[1].label).json["cart"]["id"], key=key),
        }
        codes = {what: reply.code for what, reply in others.items()}
        wanted = dict.fromkeys(others, "idempotency_key_reused")
        self.demand(codes == wanted, f"a key with another request: {codes}")
        put = buyer.call("PUT", path, body, key=key, proved=True)
        self.demand(put.status == 405, f"a key with another method: {said(put)}")
        self.spent(buyer, PRICE_MINOR)
        theirs, permit = self.opened(other)
        paid = other.settle(theirs, permit, key=key)
        self.demand(paid.status == 201, f"another shopper's key of the same letters: {said(paid)}")

    def a_day_later(self) -> None:
        """(c) For a day the same bytes; once the record is gone, the cart itself refuses to be paid twice."""
        buyer = self.fleet.shopper()
        checkout_id, grant = self.opened(buyer)
        key = self.key()
        first = buyer.settle(checkout_id, grant, key=key)
        self.age(key, timedelta(hours=24) - timedelta(minutes=1))
        again = buyer.settle(checkout_id, grant, key=key)
        self.one_answer("a day later", [first, again])
        self.age(key, idempotency.KEPT + timedelta(seconds=1))
        late = buyer.settle(checkout_id, grant, key=key)
        self.demand(late.status in (403, 409), f"after the record's end: {said(late)}")
        self.spent(buyer, PRICE_MINOR)

    def age(self, key: str, by: timedelta) -> None:
        """The record grows older, and what is too old is dropped as the worker does."""
        at, this = self.fleet.services, idempotency_records.c.key == key
        now = at.clock.now()
        at.run(lambda tx: tx.execute(update(idempotency_records).where(this).values(created_at=now - by)))
        at.run(lambda tx: idempotency.drop_old(tx, now=now))

    def refused_then_right(self) -> None:
        """(g) A refusal leaves the key free: the same request succeeds once its reason is gone."""
        buyer = self.fleet.shopper(money_minor=0)
        checkout_id, grant = self.opened(buyer)
        key, path = self.key(), f"/v1/checkouts/{checkout_id}/pay"
        malformed = buyer.call("POST", path, {"grant": grant}, key=key, proved=True)
        short = buyer.settle(checkout_id, grant, key=key)
        at, store_id = self.fleet.services, self.fleet.store().store.id
        at.run(lambda tx: give_money(tx, self.fleet, buyer.shopper_id, store_id, PRICE_MINOR))
        paid = buyer.settle(checkout_id, grant, key=key)
        heard = [said(malformed), said(short), said(paid)]
        wanted = ["422 invalid_body", "409 wallet_short", "201"]
        self.demand(heard == wanted, f"refused, then right: {heard}")

    def malformed_keys(self) -> None:
        """(h) Absent, empty, too long, not ASCII: named, and nothing moved."""
        buyer = self.fleet.shopper()
        checkout_id, grant = self.opened(buyer)
        path, body = f"/v1/checkouts/{checkout_id}/pay", {"grant": grant, "pin": PIN}
        codes = [
            buyer.call("POST", path, body, key=key, proved=True).code
            for key in (None, "", "k" * 256, "clé-12345")
        ]
        wanted = ["idempotency_key_missing", *["idempotency_key_malformed"] * 3]
        self.demand(codes == wanted, f"keys absent, empty, of 256 characters, not ASCII: {codes}")
        self.spent(buyer, 0)
