from __future__ import annotations

import pytest

KEY = {"Idempotency-Key": "a-new-act-0001"}
OTHER = {"Idempotency-Key": "a-new-act-0002"}


def asked(**changes):
    usual = {
        "store": "R1",
        "kind": "percent",
        "percent_bp": 1000,
        "name_en": "Ten off",
        "name_ar": "خصم عشرة",
        "valid_from": "2026-01-01T00:00:00Z",
    }
    return usual | changes


def bundle(pieces):
    return {"kind": "bundle", "percent_bp": None, "bundle": pieces, "amount_minor": 1500}


def test_a_promotion_with_its_coupon_is_made_listed_and_ended(floor):
    made = floor.call("manager", "POST", "/staff/promotions", asked(needs_coupon=True), **KEY)
    assert made.status_code == 201
    promotion = made.json["id"]
    coupon = {"promotion": promotion, "code": "TEN-OFF", "uses_max": 100}
    assert floor.call("manager", "POST", "/staff/coupons", coupon, **OTHER).status_code == 201
    listed = floor.call("manager", "GET", "/staff/promotions").json["promotions"][0]
    assert (listed["id"], listed["active"], listed["valid_to"]) == (promotion, True, None)
    assert [(c["code"], c["uses"], c["per_shopper_max"]) for c in listed["coupons"]] == [("TEN-OFF", 0, 1)]
    assert floor.call("manager", "DELETE", f"/staff/promotions/{promotion}").status_code == 204
    assert not floor.call("manager", "GET", "/staff/promotions").json["promotions"][0]["active"]


def test_the_same_key_makes_one_promotion(floor):
    first, second = (floor.call("manager", "POST", "/staff/promotions", asked(), **KEY) for _ in range(2))
    assert first.data == second.data
    assert len(floor.call("manager", "GET", "/staff/promotions").json["promotions"]) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"percent_bp": 0}, "invalid_body"),
        ({"percent_bp": 10_001}, "invalid_body"),
        ({"percent_bp": None}, "invalid_body"),
        ({"amount_minor": 100}, "invalid_body"),
        ({"kind": "amount", "percent_bp": None, "amount_minor": 2**63}, "invalid_body"),
        ({"kind": "n_for_m", "percent_bp": None, "take": 2, "pay": 2}, "invalid_body"),
        ({"kind": "gift"}, "invalid_body"),
        ({"kind": "bundle", "percent_bp": None, "bundle": {"TEA": 2}}, "invalid_body"),
        (bundle({"TEA": 1}), "invalid_body"),
        (bundle({"TEA": 0, "MILK": 2}), "invalid_body"),
        (bundle({"TEA": 2}) | {"sku": "TEA"}, "invalid_body"),
        (bundle({"TEA": 1, "CAVIAR": 1}), "product_unknown"),
        ({"sku": "TEA", "category_en": "Food"}, "invalid_body"),
        ({"valid_from": "2026-01-01T00:00:00"}, "invalid_body"),
        ({"valid_to": "2025-01-01T00:00:00Z"}, "invalid_body"),
        ({"sku": "CAVIAR"}, "product_unknown"),
        ({"store": "R9"}, "store_unknown"),
        ({"store": None}, "role_missing"),
    ],
)
def test_a_wrong_promotion_is_refused(floor, changes, code):
    assert floor.call("manager", "POST", "/staff/promotions", asked(**changes), **KEY).json["code"] == code


def test_a_coupon_code_is_there_once_and_its_promotion_needs_one(floor):
    plain = floor.call("manager", "POST", "/staff/promotions", asked(), **KEY).json["id"]
    coupon = {"promotion": plain, "code": "TEN-OFF", "uses_max": 100}
    refused = floor.call("manager", "POST", "/staff/coupons", coupon, **OTHER)
    assert refused.json["code"] == "promotion_not_found"
    key = {"Idempotency-Key": "a-new-act-0003"}
    coupon["promotion"] = floor.call(
        "manager", "POST", "/staff/promotions", asked(needs_coupon=True), **key
    ).json["id"]
    assert floor.call("manager", "POST", "/staff/coupons", coupon, **OTHER).status_code == 201
    key = {"Idempotency-Key": "a-new-act-0004"}
    assert floor.call("manager", "POST", "/staff/coupons", coupon, **key).json["code"] == "coupon_exists"


def test_a_promotion_of_another_store_is_not_there(floor):
    made = floor.call("stranger", "POST", "/staff/promotions", asked(store="R2"), **KEY).json["id"]
    refused = floor.call("admin", "DELETE", f"/staff/promotions/{made}")
    assert refused.json["code"] == "promotion_not_found"


def test_a_manager_sees_a_promotion_of_every_store_and_may_not_end_it(floor):
    made = floor.call("admin", "POST", "/staff/promotions", asked(store=None), **KEY).json["id"]
    listed = floor.call("manager", "GET", "/staff/promotions").json["promotions"]
    assert [promotion["id"] for promotion in listed] == [made]
    assert floor.call("manager", "DELETE", f"/staff/promotions/{made}").json["code"] == "promotion_not_found"


def test_prices_are_made_by_managers(floor):
    assert floor.call("cashier", "POST", "/staff/promotions", asked(), **KEY).status_code == 403
