"""/v1/carts: look, change, prolong, empty."""

from __future__ import annotations

from typing import Any

import pytest

from backend.carts.cart import view
from backend.carts.freeze import freeze
from tests.api.storefront import Caller, Storefront
from tests.backend.inventory.shelf import MINUTE


@pytest.fixture
def cart(front: Storefront, shopper: Caller) -> Any:
    front.shelf.put("MILK", 30, price_minor=500)
    return shopper.scan("MILK").json["cart"]


def line_path(cart: Any) -> str:
    return f"/carts/{cart['id']}/lines/{cart['lines'][0]['id']}"


def test_nothing_scanned_is_no_cart(shopper: Caller) -> None:
    assert shopper.call("GET", "/carts/current?store=R1").json == {"cart": None}
    assert shopper.call("GET", "/carts/current?store=X9").json["code"] == "store_unknown"


def test_quantity_removal_and_emptying_answer_with_the_cart(
    front: Storefront, shopper: Caller, cart: Any
) -> None:
    more = shopper.call("PATCH", line_path(cart), {"quantity": 3})
    assert (more.status_code, more.json["total_minor"]) == (200, 1500)
    gone = shopper.call("DELETE", line_path(cart))
    assert (gone.status_code, gone.json["lines"]) == (200, [])
    shopper.scan("MILK")
    emptied = shopper.call("DELETE", f"/carts/{cart['id']}")
    assert (emptied.status_code, emptied.json["pieces"]) == (200, 0)
    assert front.shelf.counted("MILK") == (30, 0)


def test_a_quantity_that_cannot_be_is_refused(shopper: Caller, cart: Any) -> None:
    for quantity in (0, -1, "2", 1.5, True, None, 10**30):
        answer = shopper.call("PATCH", line_path(cart), {"quantity": quantity})
        assert (answer.status_code, answer.json["code"]) == (422, "invalid_body"), quantity
    answer = shopper.call("PATCH", line_path(cart), {"quantity": 21})
    assert (answer.status_code, answer.json["code"], answer.json["limit"]) == (409, "line_limit", 20)
    assert shopper.cart()["pieces"] == 1


def test_a_tap_holds_the_cart_for_another_while(front: Storefront, shopper: Caller, cart: Any) -> None:
    front.clock.move(minutes=5)
    assert shopper.cart()["seconds_left"] == 600
    answer = shopper.call("POST", f"/carts/{cart['id']}/extension", {})
    assert (answer.json["seconds_left"], answer.json["extensions_left"]) == (900, 9)


def test_both_prices_are_shown_until_todays_is_accepted(
    front: Storefront, shopper: Caller, cart: Any
) -> None:
    front.shelf.price("MILK", 650, since=front.clock.now())
    line = shopper.cart()["lines"][0]
    assert (line["unit_price_minor"], line["current_price_minor"]) == (500, 650)
    accepted = shopper.call("POST", f"/carts/{cart['id']}/prices", {}).json
    assert accepted["total_minor"] == 650
    assert accepted["cart_hash"] != cart["cart_hash"]


def test_another_shoppers_cart_is_not_found(front: Storefront, shopper: Caller, cart: Any) -> None:
    other = front.shopper()
    for method, path, body in (
        ("PATCH", line_path(cart), {"quantity": 2}),
        ("DELETE", line_path(cart), None),
        ("DELETE", f"/carts/{cart['id']}", None),
        ("POST", f"/carts/{cart['id']}/extension", None),
        ("POST", f"/carts/{cart['id']}/prices", None),
    ):
        answer = other.call(method, path, body)
        assert (answer.status_code, answer.json["code"]) == (404, "cart_not_found")
    assert shopper.call("DELETE", "/carts/no-such-form").json["code"] == "not_found"
    assert shopper.cart()["pieces"] == 1


def test_a_cart_in_a_checkout_is_not_changed(front: Storefront, shopper: Caller, cart: Any) -> None:
    def take(tx: Any) -> None:
        now = front.clock.now()
        owner = view(tx, cart["id"], now=now).shopper_id
        freeze(tx, cart["id"], owner, until=now + 5 * MINUTE, now=now)

    front.services.run(take)
    answer = shopper.call("PATCH", line_path(cart), {"quantity": 2})
    assert (answer.status_code, answer.json["code"]) == (409, "cart_frozen")


def test_after_its_time_a_cart_is_gone(front: Storefront, shopper: Caller, cart: Any) -> None:
    front.clock.move(minutes=15)
    assert shopper.cart() is None
    answer = shopper.call("PATCH", line_path(cart), {"quantity": 2})
    assert (answer.status_code, answer.json["code"]) == (409, "cart_expired")


def test_a_coupon_that_nobody_issued_is_refused(shopper: Caller, cart: Any) -> None:
    answer = shopper.call("PUT", f"/carts/{cart['id']}/coupon", {"code": "free"})
    assert (answer.status_code, answer.json["code"]) == (404, "coupon_unknown")
    assert shopper.call("DELETE", f"/carts/{cart['id']}/coupon").json["coupon"] is None
