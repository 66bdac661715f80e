"""The sums of a cart and the hash that a payment is bound to."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.carts.cart import CartLine, cart_hash
from backend.carts.discounts import Discount
from tests.backend.carts.trolley import Trolley
from tests.backend.inventory.shelf import Shelf
from tests.statements import noted

MILK = CartLine("0001", "MILK", "Milk", "حليب", None, 2, 500, 500, 1500, 1500, 130)
RICE = CartLine("0002", "RICE", "Rice", "أرز", None, 1, 2000, 2000, 0, 0, 0)
OFF = Discount("p1", "Off", "خصم", 100, False, {"0001": 100})


def test_the_hash_is_that_of_the_canonical_json() -> None:
    text = (
        '{"currency":"SAR","discounts":[],"lines":[["MILK",2,500,1500],["RICE",1,2000,0]],'
        '"store":"R1","total":3000}'
    )
    assert cart_hash("R1", "SAR", [RICE, MILK]) == hashlib.sha256(text.encode()).hexdigest()
    text = text.replace('"discounts":[]', '"discounts":[["p1",100],["p2",50]]').replace("3000", "2850")
    off = [replace(OFF, id="p2", amount_minor=50), OFF]
    assert cart_hash("R1", "SAR", [RICE, MILK], off) == hashlib.sha256(text.encode()).hexdigest()


def test_every_agreed_fact_changes_the_hash() -> None:
    whole = cart_hash("R1", "SAR", [MILK, RICE])
    others = {
        cart_hash("J1", "SAR", [MILK, RICE]),
        cart_hash("R1", "USD", [MILK, RICE]),
        cart_hash("R1", "SAR", [MILK]),
        cart_hash("R1", "SAR", [replace(MILK, quantity=3), RICE]),
        cart_hash("R1", "SAR", [replace(MILK, unit_price_minor=501), RICE]),
        cart_hash("R1", "SAR", [replace(MILK, vat_rate_bp=500), RICE]),
        cart_hash("R1", "SAR", [replace(MILK, sku="MILK-2"), RICE]),
        cart_hash("R1", "SAR", [MILK, RICE], [OFF]),
        cart_hash("R1", "SAR", [MILK, RICE], [replace(OFF, id="p2")]),
        cart_hash("R1", "SAR", [MILK, RICE], [replace(OFF, amount_minor=99)]),
    }
    assert whole not in others
    assert len(others) == 10


@settings(deadline=None, database=None)
@given(quantity=st.integers(1, 20), price=st.integers(1, 100_000_000))
def test_a_new_look_without_a_change_keeps_the_hash(quantity: int, price: int) -> None:
    line = replace(MILK, quantity=quantity, unit_price_minor=price)
    looked = replace(line, name_en="Fresh milk", current_price_minor=1, vat_minor=0)
    assert cart_hash("R1", "SAR", [line]) == cart_hash("R1", "SAR", [looked])


def test_vat_is_split_over_the_lines_of_each_rate(shelf: Shelf, trolley: Trolley) -> None:
    for sku, price, rate in (("A", 99, 1500), ("B", 101, 1500), ("BREAD", 333, 0)):
        shelf.put(sku, price_minor=price, vat_rate_bp=rate)
    cart = trolley.filled("A", "B", "BREAD")
    assert (cart.total_minor, cart.vat_minor) == (533, 26)  # 200 × 15 / 115, half up
    assert {line.sku: line.vat_minor for line in cart.lines} == {"A": 13, "B": 13, "BREAD": 0}


def test_a_cart_is_read_in_two_statements_however_full_it_is(shelf: Shelf, trolley: Trolley) -> None:
    trolley.filled(*(shelf.put(f"BUN-{number}") for number in range(9)))
    with noted(shelf.run.engine) as transactions:
        trolley.current()
    assert len(transactions[-1]) == 2
