from uuid import uuid4

import pytest

from tests.staff_floor import BREAD, TEA


def key():
    return {"Idempotency-Key": uuid4().hex}


@pytest.fixture
def order(floor):
    """Tea at 11.50 twice, bread at 3.00; handed over."""
    order_id = floor.sell([TEA, BREAD])
    code = floor.make_ready("packer", order_id)
    return floor.call("cashier", "POST", f"/staff/orders/{order_id}/handover", {"code": code}).json


def line_of(order, sku):
    return next(line["id"] for line in order["lines"] if line["sku"] == sku)


def test_goods_that_come_back_after_the_pick_up_are_refunded_once(floor, order):
    once, lines = key(), [{"line": line_of(order, "TEA"), "pieces": 1}]
    asked = {"order": order["id"], "lines": lines, "goods": "restock", "reason": "returned"}
    first, again = (floor.call("cashier", "POST", "/staff/refunds", asked, **once) for _ in range(2))
    assert (first.status_code, first.json["amount_minor"], first.json["number"]) == (201, 11_50, 1)
    assert first.data == again.data
    assert floor.call("packer", "GET", f"/staff/orders/{order['id']}/refunds").json["refunds"] == [first.json]
    assert floor.call("packer", "GET", f"/staff/orders/{order['id']}").json["state"] == "handed_over"


def test_the_rest_goes_back_if_it_is_what_the_asker_believes(floor, order):
    asked = {"order": order["id"], "goods": "none", "reason": "goodwill", "currency": "SAR"}
    stale = floor.call("manager", "POST", "/staff/refunds", {**asked, "refund_amount_available": 1}, **key())
    assert (stale.status_code, stale.json["refund_amount_available"]) == (409, 26_00)
    right = {**asked, "refund_amount_available": 26_00}
    assert floor.call("manager", "POST", "/staff/refunds", right, **key()).json["amount_minor"] == 26_00
    assert floor.call("manager", "POST", "/staff/refunds", asked, **key()).json["code"] == "refund_beyond"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": []}, "invalid_body"),
        ({"pieces": 0}, "invalid_body"),
        ({"pieces": -1}, "invalid_body"),
        ({"pieces": 2**63}, "invalid_body"),
        ({"pieces": 3}, "refund_beyond"),
        ({"currency": "USD"}, "currency_unknown"),
        ({"reason": "bored"}, "invalid_body"),
        ({"goods": "eaten"}, "invalid_body"),
        ({"refund_amount_available": 2**63}, "invalid_body"),
        ({"order": str(uuid4())}, "order_not_found"),
        ({"lines": [{"line": str(uuid4()), "pieces": 1}]}, "line_not_found"),
    ],
)
def test_a_refund_that_makes_no_sense_moves_nothing(floor, order, change, code):
    change = dict(change)
    pieces = change.pop("pieces", 1)
    asked = {
        "order": order["id"],
        "lines": [{"line": line_of(order, "TEA"), "pieces": pieces}],
        "goods": "restock",
        "reason": "returned",
        **change,
    }
    assert floor.call("cashier", "POST", "/staff/refunds", asked, **key()).json["code"] == code
    assert floor.call("packer", "GET", f"/staff/orders/{order['id']}").json["refunded_minor"] == 0


def test_a_whole_refund_before_the_pick_up_takes_the_order_out_of_the_queue(floor):
    order_id = floor.sell()
    asked = {"order": order_id, "goods": "restock", "reason": "goodwill"}
    assert floor.call("manager", "POST", "/staff/refunds", asked, **key()).status_code == 201
    assert floor.call("packer", "GET", f"/staff/orders/{order_id}").json["state"] == "cancelled"
    assert floor.call("packer", "POST", f"/staff/orders/{order_id}/accept").json["code"] == "order_state"


def test_a_packer_does_not_refund(floor, order):
    asked = {"order": order["id"], "goods": "restock", "reason": "returned"}
    assert floor.call("packer", "POST", "/staff/refunds", asked, **key()).json["code"] == "role_missing"


def test_what_the_bank_refused_is_paid_into_the_wallet_however_often_that_is_asked(floor):
    order_id = floor.sell()
    refund_id = floor.refund_that_fails(order_id)
    path = f"/staff/orders/{order_id}/refunds/{refund_id}/make-good"
    first, again = (floor.call("cashier", "POST", path, {"way": "wallet"}) for _ in range(2))
    assert (first.status_code, first.json["state"], first.json["method"]) == (200, "wallet", "card")
    assert first.data == again.data
    assert floor.call("cashier", "POST", path, {"way": "by_hand"}).json["code"] == "refund_not_failed"


@pytest.mark.parametrize(
    ("login", "way", "code"),
    [
        ("packer", "wallet", "role_missing"),
        ("stranger", "wallet", "order_not_found"),
        ("cashier", "gold", "invalid_body"),
    ],
)
def test_who_may_not_pay_it_into_a_wallet_and_what_is_no_way(floor, login, way, code):
    order_id = floor.sell()
    path = f"/staff/orders/{order_id}/refunds/{floor.refund_that_fails(order_id)}/make-good"
    assert floor.call(login, "POST", path, {"way": way}).json["code"] == code
    assert (
        floor.call("cashier", "GET", f"/staff/orders/{order_id}/refunds").json["refunds"][0]["state"]
        == "failed"
    )


def test_a_refund_of_another_order_is_not_there(floor):
    failed, other = floor.refund_that_fails(floor.sell()), floor.sell()
    path = f"/staff/orders/{other}/refunds/{failed}/make-good"
    assert floor.call("cashier", "POST", path, {"way": "wallet"}).json["code"] == "refund_not_found"
