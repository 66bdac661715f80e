"""Orders at a fleet in phases: each phase's requests are made before it and timed together.

A grant stands between opening a checkout and paying it. It is what a matched face ends in, made here by the use case
and not timed: a shop without faces has nothing like it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from backend.operations.shopper_device import Reply
from tests.bench import wire
from tests.bench.wire import Load
from tests.proof.fleet import Fleet, Good
from tests.proof.load import clients
from tests.proof.shoppers import PIN, Buyer

GRANTERS = 8


@dataclass(frozen=True)
class Sale:
    buyer: Buyer
    checkout_id: str
    grant: str
    key: str


@dataclass(frozen=True)
class Orders:
    scanned: Load
    opened: Load
    paid: Load

    @property
    def per_second(self) -> float:
        seconds = self.scanned.seconds + self.opened.seconds + self.paid.seconds
        return len(self.paid.answers) / seconds


def written(buyer: Buyer, call: Callable[[], object]) -> bytes:
    """The bytes of the one request that this call would send."""
    sent: list[bytes] = []

    def keep(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        sent.append(wire.request(method, path, body if body else None, headers))
        return Reply(0, b"")

    held, buyer.transport = buyer.transport, keep
    try:
        call()
    finally:
        buyer.transport = held
    [raw] = sent
    return raw


def server_ports(fleet: Fleet) -> list[int]:
    return [one.port for one in fleet.servers]


def scan(fleet: Fleet, buyers: Sequence[Buyer], goods: Sequence[Good], *, threads: int) -> Load:
    """Each buyer one piece of the good at the same place, the list going round."""
    labels = [goods[number % len(goods)].label for number in range(len(buyers))]
    raw = [written(buyer, partial(buyer.scan, label)) for buyer, label in zip(buyers, labels, strict=True)]
    return wire.run(server_ports(fleet), raw, clients=threads).expect(201)


def open_checkouts(fleet: Fleet, buyers: Sequence[Buyer], scanned: Load, *, threads: int) -> Load:
    carts = [answer.json["cart"]["id"] for answer in scanned.answers]
    raw = [
        written(buyer, partial(buyer.open_checkout, cart)) for buyer, cart in zip(buyers, carts, strict=True)
    ]
    return wire.run(server_ports(fleet), raw, clients=threads).expect(201)


def grants(buyers: Sequence[Buyer], opened: Load) -> list[Sale]:
    def one(pair: tuple[Buyer, str]) -> Sale:
        buyer, checkout_id = pair
        return Sale(buyer, checkout_id, buyer.grant(checkout_id), secrets.token_hex(8))

    ids = [answer.json["id"] for answer in opened.answers]
    with clients(GRANTERS) as some:
        return some.each(one, zip(buyers, ids, strict=True))


def pay(fleet: Fleet, sales: Sequence[Sale], *, threads: int) -> Load:
    return wire.run(server_ports(fleet), payments(sales), clients=threads).expect(201)


def payments(sales: Sequence[Sale]) -> list[bytes]:
    return [
        written(sale.buyer, partial(sale.buyer.pay, sale.checkout_id, sale.grant, PIN, key=sale.key))
        for sale in sales
    ]


def ready_to_pay(
    fleet: Fleet, buyers: Sequence[Buyer], goods: Sequence[Good], *, threads: int = 8
) -> list[Sale]:
    """Each with a cart of one piece, a checkout and a grant."""
    scanned = scan(fleet, buyers, goods, threads=threads)
    return grants(buyers, open_checkouts(fleet, buyers, scanned, threads=threads))


def orders(fleet: Fleet, buyers: Sequence[Buyer], goods: Sequence[Good], *, threads: int) -> Orders:
    scanned = scan(fleet, buyers, goods, threads=threads)
    opened = open_checkouts(fleet, buyers, scanned, threads=threads)
    return Orders(scanned, opened, pay(fleet, grants(buyers, opened), threads=threads))
