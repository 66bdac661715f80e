from __future__ import annotations

import pytest


def test_a_product_is_limited_and_set_free_again(floor):
    limited = floor.call("manager", "PATCH", "/staff/products/TEA", {"age_min": 18, "cart_max": 2})
    assert limited.json == {"active": True, "age_min": 18, "cart_max": 2, "day_max": None}
    freed = floor.call("manager", "PATCH", "/staff/products/TEA", {"age_min": None})
    assert freed.json == {"active": True, "age_min": None, "cart_max": 2, "day_max": None}


def test_a_withdrawn_product_is_told_apart_from_an_unknown_one(floor):
    floor.call("manager", "PATCH", "/staff/products/TEA", {"active": False})
    client = floor.app.test_client()
    assert client.get("/v1/products/TEA?store=R1").json["code"] == "product_withdrawn"
    assert client.get("/v1/products/CAVIAR?store=R1").json["code"] == "product_unknown"


@pytest.mark.parametrize(
    ("sku", "changes", "code"),
    [
        ("TEA", {}, "invalid_body"),
        ("TEA", {"cart_max": 0}, "invalid_body"),
        ("TEA", {"age_min": 100}, "invalid_body"),
        ("TEA", {"active": None}, "invalid_body"),
        ("CAVIAR", {"cart_max": 1}, "product_unknown"),
        ("caviar", {"cart_max": 1}, "product_unknown"),
    ],
)
def test_a_wrong_restriction_is_refused(floor, sku, changes, code):
    assert floor.call("manager", "PATCH", f"/staff/products/{sku}", changes).json["code"] == code


def test_goods_are_restricted_by_managers(floor):
    assert floor.call("cashier", "PATCH", "/staff/products/TEA", {"cart_max": 1}).status_code == 403
