"""CT14: the tax authority's code says who sold, when and for how much, byte for byte, also off the printed page."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from backend.errors import Refusal
from backend.inventory.sellers import Seller, set_seller
from backend.orders.einvoice import simplified_qr
from tests.backend.orders.qr_reader import a_name, fields, on_page
from tests.proof.fleet import Fleet
from tests.proof.load import said
from tests.proof.result import Found, Size, proof

SIZES_BYTES = (1, 63, 64, 127)
VAT_NUMBER = "310122393500003"


@proof("CT14", "E-invoice QR", sabotage="characters_for_bytes")
def ct14(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found, chance = Found(), random.Random(seed)
    codes = size.of(200, 10_000)
    for _ in range(codes):
        read_back(found, chance)
    too_long_is_refused(found, fleet)
    names = [a_name(chance, size_bytes) for size_bytes in SIZES_BYTES] + ["ش" * 63, "😀" * 31]
    for name in names[-size.of(2, len(names)) :]:
        printed(found, fleet, name)
    found.n = codes + size.of(2, len(names))
    found.figure = (
        f"{codes} sellers and totals read back byte for byte; {size.of(2, len(names))} receipts read from the page "
        "at 203 dpi; 128 bytes refused when the store is configured"
    )
    return found


def read_back(found: Found, chance: random.Random) -> None:
    seller = Seller(a_name(chance, chance.randint(1, 127)), VAT_NUMBER, "", "")
    at = datetime.fromtimestamp(chance.randint(1_700_000_000, 1_900_000_000), UTC)
    total = chance.choice((chance.randint(1, 500_00), chance.randint(1, 10**12)))
    vat = chance.randint(0, total)
    text = simplified_qr(seller, at=at, total_minor=total, vat_minor=vat, currency="SAR", stamp=None)
    wanted = (seller.legal_name, VAT_NUMBER, at.strftime("%Y-%m-%dT%H:%M:%SZ"), major(total), major(vat))
    got = fields(text)
    found.demand(list(got.values()) == [value.encode() for value in wanted], f"{wanted} was read as {got}")


def major(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def too_long_is_refused(found: Found, fleet: Fleet) -> None:
    for name in ("a" * 128, "ش" * 64, "😀" * 32):
        try:
            name_seller(fleet, name)
            code = "taken"
        except Refusal as refusal:
            code = refusal.code
        found.demand(code == "seller_name_too_long", f"a name of 128 bytes: {code}")


def name_seller(fleet: Fleet, name: str) -> None:
    seller, store = Seller(name, VAT_NUMBER, "Riyadh", "الرياض"), fleet.store().store
    fleet.services.run(lambda tx: set_seller(tx, store.id, seller))


def printed(found: Found, fleet: Fleet, name: str) -> None:
    name_seller(fleet, name)
    buyer, good = fleet.shopper(), fleet.stock("PAGE", 1, price_minor=11_50)
    paid = buyer.buy(buyer.put(good.label).json["cart"]["id"])
    found.require(paid.status == 201, f"paying: {said(paid)}")
    reply = buyer.call("GET", f"/v1/orders/{paid.json['order']['id']}/receipt.pdf")
    found.require(reply.status == 200, f"the receipt: {said(reply)}")
    got = fields(on_page(reply.body))
    wanted = (name.encode(), VAT_NUMBER.encode(), b"11.50", b"1.50")
    found.demand((got[1], got[2], got[4], got[5]) == wanted, f"{name!r}: the page says {got}")
