"""POST /v1/scans: labels and typed numbers, good and bad."""

from __future__ import annotations

from typing import Any

from catalogue.labels import LabelKey
from tests.api.storefront import OLD_KEY, Caller, Storefront
from tests.backend.inventory.shelf import Shelf

STRANGER = LabelKey.from_seed("A1", b"2" * 32)


def test_a_scanned_label_shows_the_product_and_the_cart(front: Storefront, shopper: Caller) -> None:
    front.shelf.put("MILK", 10, price_minor=500)
    answer = shopper.scan("MILK")
    assert answer.status_code == 201
    line, cart = answer.json["line"], answer.json["cart"]
    assert (line["name"], line["quantity"]) == ({"en": "Good MILK", "ar": "سلعة MILK"}, 1)
    assert (cart["store"], cart["total_minor"], cart["vat_minor"], cart["pieces"]) == ("R1", 500, 65, 1)
    assert cart["seconds_left"] == 900
    assert front.get("/products/MILK?store=R1").json["available"] == 9


def test_a_repeated_scan_answers_200_with_the_same_cart(front: Storefront, shopper: Caller) -> None:
    front.shelf.put("MILK")
    first, again = (shopper.scan("MILK", scan_id="scan-0001") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["cart"] == first.json["cart"]


def test_a_typed_number_does_what_the_label_does(front: Storefront, shopper: Caller) -> None:
    front.shelf.put("MILK")
    typed = front.shelf.gtin("MILK").translate({48 + digit: 0x660 + digit for digit in range(10)})
    answer = shopper.scan("MILK", code=None, gtin=typed, store="R1")
    assert (answer.status_code, answer.json["line"]["sku"]) == (201, "MILK")


def test_every_wrong_label_is_refused_and_the_cart_stays_as_it_was(
    front: Storefront, shopper: Caller
) -> None:
    front.shelf.put("MILK")
    other = Shelf(front.services.run, "J1")
    other.numbers = front.shelf.numbers
    other.put("DATES")
    shopper.scan("MILK")
    before = shopper.cart()
    wrong: list[tuple[int, str, dict[str, Any]]] = [
        (422, "label_unreadable", {"code": "https://elsewhere.example/"}),
        (422, "label_foreign_host", {"code": front.label("MILK", host="other.example")}),
        (422, "label_forged", {"code": front.label("MILK", key=STRANGER)}),
        (422, "label_forged", {"code": front.label("MILK").replace("?s=R1", "?s=J1")}),
        (422, "label_key_unknown", {"code": front.label("MILK").replace("k=A1", "k=ZZ")}),
        (409, "label_out_of_date", {"code": front.label("MILK", key=OLD_KEY)}),
        (409, "label_other_store", {"code": front.label("DATES", store="J1"), "store": "R1"}),
        (404, "product_unknown", {"code": front.label("DATES", store="R1")}),
        (404, "store_unknown", {"code": front.label("MILK", store="X9")}),
        (422, "gtin_invalid", {"code": None, "gtin": "2000000000011", "store": "R1"}),
    ]
    for status, code, body in wrong:
        answer = shopper.scan("MILK", **body)
        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert answer.content_type == "application/problem+json"
    assert shopper.cart()["cart_hash"] == before["cart_hash"]


UNFIT: list[dict[str, Any]] = [
    {"scan_id": "short"},
    {"scan_id": "white space"},
    {"scan_id": None},
    {"code": None},
    {"gtin": "2000000000015", "store": "R1"},
    {"code": None, "gtin": "2000000000015"},
    {"code": 5},
    {"code": ""},
    {"store": "r1"},
    {"quantity": 2},
]


def test_a_body_that_does_not_fit_is_refused(front: Storefront, shopper: Caller) -> None:
    front.shelf.put("MILK")
    for body in UNFIT:
        answer = shopper.scan("MILK", **body)
        assert (answer.status_code, answer.json["code"]) == (422, "invalid_body"), body
    assert shopper.cart() is None


def test_the_last_piece_goes_to_one_shopper(front: Storefront, shopper: Caller) -> None:
    front.shelf.put("MILK", 1)
    front.shopper().scan("MILK")
    answer = shopper.scan("MILK")
    assert (answer.status_code, answer.json["code"], answer.json["available"]) == (409, "out_of_stock", 0)


def test_a_scan_needs_a_session(front: Storefront) -> None:
    answer = front.app.test_client().post("/v1/scans", json={})
    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")
