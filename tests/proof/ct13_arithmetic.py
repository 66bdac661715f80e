"""CT13: what is paid, its VAT, and what refunds give back are exact to the last minor unit."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from backend.money import GrossLine, first_pieces, vat_per_line
from tests.proof.fleet import Fleet
from tests.proof.load import said
from tests.proof.result import Found, Size, proof

RATES_BP = (0, 500, 1500)


@proof("CT13", "Money arithmetic", sabotage="truncated_vat")
def ct13(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found, chance = Found(), random.Random(seed)
    carts, orders = size.of(2_000, 100_000), size.of(4, 100)
    known = vat_per_line([GrossLine(99_00, 22_00)] * 5)
    found.demand(sum(known) == 89_26, f"VAT in 5 × 99.00 at 22 % is {sum(known)}")
    for _ in range(carts):
        exact(found, a_cart(chance))
    over_http(found, fleet, chance, orders)
    found.n = carts + orders
    found.figure = (
        f"{carts} carts refunded piece by piece in random order: money and VAT sum to the sale's, no part below zero; "
        f"{orders} bought: VAT by rate half up"
    )
    return found


@dataclass(frozen=True)
class Line:
    quantity: int
    paid_minor: int
    rate_bp: int


def a_cart(chance: random.Random) -> list[Line]:
    """Lines less their share of a discount on the line and of one on the cart, by the largest remainder."""
    gross = [
        (chance.randint(1, 20), chance.choice(RATES_BP), chance.randint(1, 500_00))
        for _ in range(chance.randint(1, 12))
    ]
    paid = [
        quantity * price - chance.randint(0, quantity * price) * (chance.random() < 0.3)
        for quantity, _, price in gross
    ]
    off = chance.randint(0, sum(paid)) if chance.random() < 0.5 else 0
    shares = split(off, paid)
    return [
        Line(quantity, whole - share, rate)
        for (quantity, rate, _), whole, share in zip(gross, paid, shares, strict=True)
    ]


def split(amount: int, weights: list[int]) -> list[int]:
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    exact_shares = [Fraction(amount * weight, total) for weight in weights]
    shares = [floor(share) for share in exact_shares]
    by_rest = sorted(range(len(weights)), key=lambda i: shares[i] - exact_shares[i])
    for i in by_rest[: amount - sum(shares)]:
        shares[i] += 1
    return shares


def half_up(gross_minor: int, rate_bp: int) -> int:
    return floor(Fraction(gross_minor * rate_bp, 10_000 + rate_bp) + Fraction(1, 2))


def exact(found: Found, cart: list[Line]) -> None:
    vat = vat_per_line([GrossLine(line.paid_minor, line.rate_bp) for line in cart])
    for rate in RATES_BP:
        of_rate = [i for i, line in enumerate(cart) if line.rate_bp == rate]
        due = half_up(sum(cart[i].paid_minor for i in of_rate), rate)
        found.demand(sum(vat[i] for i in of_rate) == due, f"VAT at {rate} bp of {cart}: {vat}, due {due}")
    for line, vat_minor in zip(cart, vat, strict=True):
        found.demand(0 <= vat_minor <= line.paid_minor, f"{vat_minor} VAT in {line}")
        parts = refunds_of(line, vat_minor, random.Random(line.paid_minor))
        found.demand(all(0 <= tax <= money for money, tax in parts), f"parts {parts} of {line}")
        back = (sum(money for money, _ in parts), sum(tax for _, tax in parts))
        found.demand(back == (line.paid_minor, vat_minor), f"{back} back for {line} with {vat_minor}")


def refunds_of(line: Line, vat_minor: int, chance: random.Random) -> list[tuple[int, int]]:
    parts, before, pieces = [], (0, 0), 0
    while pieces < line.quantity:
        pieces += chance.randint(1, line.quantity - pieces)
        upto = first_pieces(line.paid_minor, vat_minor, line.quantity, pieces)
        parts.append((upto[0] - before[0], upto[1] - before[1]))
        before = upto
    return parts


def over_http(found: Found, fleet: Fleet, chance: random.Random, orders: int) -> None:
    """Three lines at one rate whose VAT, line by line, would round to something else."""
    goods = [fleet.stock("CENT", 3 * orders, price_minor=price) for price in (1_03, 1_05, 99)]
    buyer = fleet.shopper(money_minor=orders * 20_00)
    for _ in range(orders):
        pieces = [chance.randint(1, 3) for _ in goods]
        for good, several in zip(goods, pieces, strict=True):
            scanned = buyer.put(good.label, several)
        cart = scanned.json.get("cart", scanned.json)
        paid = buyer.buy(cart["id"])
        found.require(paid.status == 201, f"paying: {said(paid)}")
        order = buyer.call("GET", f"/v1/orders/{paid.json['order']['id']}").json
        due = half_up(order["total_minor"], 1500)
        found.demand(order["vat_by_rate"] == {"1500": due}, f"VAT {order['vat_by_rate']}, due {due}")
