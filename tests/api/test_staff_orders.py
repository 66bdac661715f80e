from uuid import uuid4

import pytest
from sqlalchemy import update

from backend.orders.tables import orders
from tests.staff_floor import BREAD, TEA


def key():
    return {"Idempotency-Key": uuid4().hex}


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
    assert (second.status_code, second.json["code"]) == (409, "order_claimed")


def test_a_mismatch_pays_back_and_takes_the_order_out_of_the_queue(floor):
    order_id = floor.sell([TEA, BREAD])
    floor.make_ready("packer", order_id)
    asked = {"reason": "goods_missing", "refund": True}
    done = floor.call("cashier", "POST", f"/staff/orders/{order_id}/mismatch", asked, **key())
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


def test_a_repeated_mismatch_is_answered_with_the_same_bytes_and_pays_back_once(floor):
    order_id, once = floor.sell([TEA, BREAD]), key()
    floor.make_ready("packer", order_id)
    asked = {"reason": "goods_damaged", "refund": True, "goods": "write_off"}
    path = f"/staff/orders/{order_id}/mismatch"
    first, again = (floor.call("cashier", "POST", path, asked, **once) for _ in range(2))
    assert first.data == again.data
    assert first.json["refunded_minor"] == 26_00


def test_a_claim_that_is_given_back_is_for_the_next(floor):
    order_id = floor.sell()
    floor.call("packer", "POST", f"/staff/orders/{order_id}/accept")
    given = floor.call("manager", "POST", f"/staff/orders/{order_id}/release").json
    assert (given["state"], given["packer_id"], given["claim_until"]) == ("paid", None, None)
    assert floor.call("manager", "POST", f"/staff/orders/{order_id}/accept").status_code == 200
    refused = floor.call("packer", "POST", f"/staff/orders/{order_id}/release")
    assert refused.json["code"] == "order_claimed"


def test_a_new_code_has_new_tries_and_ends_the_old_one(floor):
    order_id = floor.sell()
    old = floor.make_ready("packer", order_id)
    path = f"/staff/orders/{order_id}/handover"
    for _ in range(5):
        floor.call("packer", "POST", path, {"code": "000000" if old != "000000" else "111111"})
    assert floor.call("packer", "POST", path, {"code": old}).json["code"] == "pickup_locked"
    assert floor.call("cashier", "POST", f"/staff/orders/{order_id}/code").status_code == 200
    new = floor.code_on_phone(order_id)
    if new != old:
        assert floor.call("packer", "POST", path, {"code": old}).json["code"] == "pickup_code_wrong"
    done = floor.call("packer", "POST", path, {"code": new})
    assert done.json["state"] == "handed_over"
    assert [(step["act"], step["state"]) for step in done.json["history"]][-2:] == [
        ("code_renewed", "ready"),
        (None, "handed_over"),
    ]


def test_goods_not_for_every_age_are_handed_over_when_somebody_looked(floor):
    order_id = floor.sell()
    code = floor.make_ready("packer", order_id)
    floor.services.run(lambda tx: tx.execute(update(orders).values(age_min=18)))
    path = f"/staff/orders/{order_id}/handover"
    refused = floor.call("packer", "POST", path, {"code": code})
    assert (refused.json["code"], refused.json["age_min"]) == ("age_check_needed", 18)
    done = floor.call("packer", "POST", path, {"code": code, "age_checked": True})
    assert done.json["state"] == "handed_over"
    assert "age_checked" in [step["act"] for step in done.json["history"]]


def test_missing_pieces_are_refunded_and_the_order_goes_on_without_them(floor):
    order_id, once = floor.sell([TEA, BREAD]), key()
    order = floor.call("packer", "POST", f"/staff/orders/{order_id}/accept").json
    tea, bread = sorted(order["lines"], key=lambda line: line["sku"], reverse=True)
    path = f"/staff/orders/{order_id}/lines/{tea['id']}"
    first, again = (floor.call("packer", "POST", f"{path}/missing", {"pieces": 1}, **once) for _ in range(2))
    assert first.data == again.data
    assert first.json["refunded_minor"] == 11_50
    refused = floor.call("packer", "POST", f"{path}/missing", {"pieces": 2}, **key())
    assert refused.json["code"] == "refund_beyond"
    for line in (tea, bread):
        floor.call("packer", "POST", f"/staff/orders/{order_id}/lines/{line['id']}/packed", {"packed": 1})
    assert floor.call("packer", "POST", f"/staff/orders/{order_id}/ready").json["state"] == "ready"


def test_an_order_of_which_nothing_was_found_is_cancelled(floor):
    order_id = floor.sell([BREAD])
    order = floor.call("packer", "POST", f"/staff/orders/{order_id}/accept").json
    path = f"/staff/orders/{order_id}/lines/{order['lines'][0]['id']}/missing"
    ended = floor.call("packer", "POST", path, {"pieces": 1}, **key()).json
    assert (ended["state"], ended["refunded_minor"]) == ("cancelled", 3_00)
    assert ended["history"][-1]["note"] == "goods_missing"
