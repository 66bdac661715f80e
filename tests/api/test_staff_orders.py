import pytest

from tests.staff_floor import BREAD, TEA


def test_a_paid_order_stands_in_the_queue_with_its_lines(floor):
    order_id = floor.sell()
    answer = floor.call("packer", "GET", "/staff/orders?store=R1")
    assert [order["id"] for order in answer.json["orders"]] == [order_id]
    lines = answer.json["orders"][0]["lines"]
    assert {line["sku"]: line["quantity"] for line in lines} == {"TEA": 2, "BREAD": 1}


def test_an_unchanged_queue_is_answered_with_304(floor):
    floor.sell()
    first = floor.call("packer", "GET", "/staff/orders?store=R1")
    again = floor.call("packer", "GET", "/staff/orders?store=R1", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    floor.sell()
    changed = floor.call(
        "packer", "GET", "/staff/orders?store=R1", **{"If-None-Match": first.headers["ETag"]}
    )
    assert changed.status_code == 200


def test_an_order_goes_from_accepted_to_handed_over_and_leaves_the_queue(floor):
    order_id = floor.sell()
    code = floor.make_ready("packer", order_id)
    done = floor.call("cashier", "POST", f"/staff/orders/{order_id}/handover", {"code": code})
    assert (done.status_code, done.json["message"], done.json["state"]) == (200, "thanks", "handed_over")
    assert [step["state"] for step in done.json["steps"]] == [
        "paid",
        "accepted",
        "packing",
        "ready",
        "handed_over",
    ]
    assert floor.call("packer", "GET", "/staff/orders?store=R1").json["orders"] == []


def test_a_wrong_code_hands_nothing_over_and_counts_down(floor):
    order_id = floor.sell()
    code = floor.make_ready("packer", order_id)
    wrong = "000000" if code != "000000" else "111111"
    path = f"/staff/orders/{order_id}/handover"
    left = [floor.call("packer", "POST", path, {"code": wrong}).json["tries_left"] for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    assert floor.call("packer", "POST", path, {"code": code}).json["code"] == "pickup_locked"
    assert floor.call("packer", "GET", f"/staff/orders/{order_id}").json["state"] == "ready"


def test_an_order_is_not_ready_before_every_line_is_packed(floor):
    order_id = floor.sell()
    floor.call("packer", "POST", f"/staff/orders/{order_id}/accept")
    refused = floor.call("packer", "POST", f"/staff/orders/{order_id}/ready")
    assert (refused.status_code, refused.json["code"]) == (409, "lines_unpacked")


def test_a_second_packer_cannot_accept_the_same_order(floor):
    order_id = floor.sell()
    assert floor.call("packer", "POST", f"/staff/orders/{order_id}/accept").status_code == 200
    second = floor.call("manager", "POST", f"/staff/orders/{order_id}/accept")
    assert (second.status_code, second.json["code"]) == (409, "order_state")


def test_a_mismatch_pays_back_and_takes_the_order_out_of_the_queue(floor):
    order_id = floor.sell([TEA, BREAD])
    floor.make_ready("packer", order_id)
    asked = {"reason": "goods_missing", "refund": True}
    done = floor.call("cashier", "POST", f"/staff/orders/{order_id}/mismatch", asked)
    assert (done.json["message"], done.json["state"]) == ("order_mismatch", "mismatch")
    totals = floor.call("manager", "GET", "/staff/sales?store=R1").json["totals"]
    assert (totals["gross_minor"], totals["refunds_minor"], totals["net_minor"]) == (26_00, 26_00, 0)


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "invalid_body"), ({"reason": "bored", "refund": True}, "invalid_body"), ([], "invalid_body")],
)
def test_a_mismatch_needs_a_known_reason(floor, body, code):
    order_id = floor.sell()
    floor.make_ready("packer", order_id)
    refused = floor.call("cashier", "POST", f"/staff/orders/{order_id}/mismatch", body)
    assert (refused.status_code, refused.json["code"]) == (422, code)


def test_orders_of_a_foreign_store_do_not_exist(floor):
    order_id = floor.sell()
    for method, path in (("GET", ""), ("POST", "/accept"), ("POST", "/ready")):
        answer = floor.call("stranger", method, f"/staff/orders/{order_id}{path}")
        assert (answer.status_code, answer.json["code"]) == (404, "order_not_found")
    assert floor.call("stranger", "GET", "/staff/orders?store=R1").json["code"] == "store_unknown"


def test_a_cashier_hands_over_but_does_not_pack(floor):
    order_id = floor.sell()
    refused = floor.call("cashier", "POST", f"/staff/orders/{order_id}/accept")
    assert (refused.status_code, refused.json["code"]) == (403, "role_missing")


def test_the_queue_can_be_asked_for_some_states(floor):
    floor.sell()
    accepted = floor.sell()
    floor.call("packer", "POST", f"/staff/orders/{accepted}/accept")
    some = floor.call("packer", "GET", "/staff/orders?store=R1&state=accepted,packing").json["orders"]
    assert [order["id"] for order in some] == [accepted]
    unknown = floor.call("packer", "GET", "/staff/orders?store=R1&state=lost")
    assert (unknown.status_code, unknown.json["code"]) == (422, "order_state_unknown")
