"""Receipts and credit notes as PDFs: their code is read from the drawn page, by a library that did not draw it."""

from __future__ import annotations

from dataclasses import replace

import pypdfium2
import pytest

from backend.api.app import create_app
from backend.inventory.sellers import Seller, set_seller
from backend.orders.einvoice import Stamp
from tests.backend.orders.qr_reader import fields, on_page

SELLER = Seller("شركة التموين الحديثة 🛒", "310122393500003", "Riyadh", "الرياض")


@pytest.fixture
def order_id(floor):
    store_id = floor.shops["R1"].store_id
    floor.services.run(lambda tx: set_seller(tx, store_id, SELLER))
    return floor.sell()


def receipt(floor, order_id, login="cashier"):
    return floor.call(login, "GET", f"/staff/orders/{order_id}/receipt.pdf")


@pytest.fixture
def refund(floor, order_id):
    """Of one of two pieces of tea."""
    (line, *_) = floor.call("cashier", "GET", f"/staff/orders/{order_id}").json["lines"]
    asked = {"order": order_id, "lines": [{"line": line["id"], "pieces": 1}], "goods": "restock"}
    key = {"Idempotency-Key": "one-act-of-refund"}
    return floor.call("cashier", "POST", "/staff/refunds", {**asked, "reason": "damaged"}, **key).json


def credit_note(floor, refund, login="cashier"):
    path = f"/staff/orders/{refund['order_id']}/refunds/{refund['id']}/credit-note.pdf"
    return floor.call(login, "GET", path)


def text_of(pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        return document[0].get_textpage().get_text_bounded()


def test_the_code_on_the_page_says_who_sold_when_for_how_much(floor, order_id):
    answer = receipt(floor, order_id)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    placed = floor.call("cashier", "GET", f"/staff/orders/{order_id}").json["placed_at"]
    assert fields(on_page(answer.data)) == {
        1: SELLER.legal_name.encode(),
        2: b"310122393500003",
        3: f"{placed[:19]}Z".encode(),
        4: b"26.00",
        5: b"3.00",
    }


@pytest.mark.parametrize("name", ["a", "ش" * 63, "😀" * 31 + "abc"])
def test_the_longest_names_are_still_read_from_the_page(floor, order_id, name):
    store_id = floor.shops["R1"].store_id
    floor.services.run(lambda tx: set_seller(tx, store_id, replace(SELLER, legal_name=name)))
    assert fields(on_page(receipt(floor, order_id).data))[1] == name.encode()


def test_a_stamped_receipt_is_read_from_the_page_too(floor, order_id):
    class Stamper:
        def stamp(self, receipt):
            assert receipt.total_minor == 26_00
            return Stamp(b"h" * 44, b"s" * 96, b"k" * 88, b"p" * 72)

    floor.app = create_app(replace(floor.services, stamper=Stamper()))
    assert fields(on_page(receipt(floor, order_id).data))[9] == b"p" * 72


def test_the_same_receipt_is_the_same_file(floor, order_id):
    first, second = receipt(floor, order_id), receipt(floor, order_id)
    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]


def test_a_store_without_a_seller_prints_a_receipt_without_the_code(floor):
    answer = receipt(floor, floor.sell())
    assert answer.status_code == 200
    with pytest.raises(AssertionError, match=r"\[\]"):
        on_page(answer.data)


def test_the_code_on_a_credit_note_says_what_went_back_and_when(floor, refund):
    answer = credit_note(floor, refund)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    said = fields(on_page(answer.data))
    assert (said[1], said[3]) == (SELLER.legal_name.encode(), f"{refund['at'][:19]}Z".encode())
    assert (said[4], said[5]) == (b"11.50", b"1.50")


def test_a_credit_note_names_the_receipt_and_says_why(floor, refund):
    text = text_of(credit_note(floor, refund).data)
    wanted = "Tax credit note", "No. R1-1", "For receipt R1-1", "Damaged", "Back into the wallet", "VAT 15%"
    assert [said for said in wanted if said not in text] == []


def test_staff_of_another_store_see_neither(floor, order_id, refund):
    for refused in (receipt(floor, order_id, "stranger"), credit_note(floor, refund, "stranger")):
        assert (refused.status_code, refused.json["code"]) == (404, "order_not_found")
    strange = credit_note(floor, {**refund, "id": order_id})
    assert (strange.status_code, strange.json["code"]) == (404, "refund_not_found")


def test_a_shopper_gets_the_own_receipt_and_credit_notes_alone(shop):
    noura, other = shop.shopper(), shop.guest()
    checkout, grant = shop.granted(noura)
    order = noura.pay(checkout["id"], grant, "629480").json["order"]
    own = noura.call("GET", f"/v1/orders/{order['id']}/receipt.pdf")
    assert (own.status, own.body[:5]) == (200, b"%PDF-")
    assert other.call("GET", f"/v1/orders/{order['id']}/receipt.pdf").status == 404
    path = f"/v1/orders/{order['id']}"
    assert noura.call("GET", f"{path}/refunds").json == {"refunds": []}
    assert noura.call("POST", f"{path}/cancellation", {}, key="changed-my-mind", proved=True).status == 200
    (refund,) = noura.call("GET", f"{path}/refunds").json["refunds"]
    assert (refund["number"], refund["amount_minor"], refund["reason"]) == (
        1,
        order["total_minor"],
        "cancelled",
    )
    note = f"{path}/refunds/{refund['id']}/credit-note.pdf"
    assert noura.call("GET", note).body[:5] == b"%PDF-"
    assert (other.call("GET", f"{path}/refunds").status, other.call("GET", note).status) == (404, 404)
