"""What is cheaper now, as anybody may see it before scanning."""

from __future__ import annotations

KEY = {"Idempotency-Key": "a-new-offer-0001"}
BUNDLE = {
    "store": "R1",
    "kind": "bundle",
    "bundle": {"TEA": 2, "BREAD": 1},
    "amount_minor": 25_00,
    "name_en": "Breakfast",
    "name_ar": "فطور",
    "valid_from": "2026-01-01T00:00:00Z",
}


def offers(floor, store="R1"):
    return floor.app.test_client().get(f"/v1/stores/{store}/promotions")


def test_a_bundle_is_offered_with_its_pieces_until_it_is_ended(floor):
    made = floor.call("manager", "POST", "/staff/promotions", BUNDLE, **KEY).json["id"]
    (offer,) = offers(floor).json["promotions"]
    assert (offer["id"], offer["kind"], offer["bundle"]) == (made, "bundle", {"TEA": 2, "BREAD": 1})
    assert (offer["name"]["ar"], offer["amount_minor"], offer["currency"]) == ("فطور", 25_00, "SAR")
    assert offers(floor, "R2").json["promotions"] == []
    floor.call("manager", "DELETE", f"/staff/promotions/{made}")
    assert offers(floor).json["promotions"] == []


def test_what_needs_a_coupon_or_has_not_begun_is_not_offered(floor):
    for i, change in enumerate(
        ({"needs_coupon": True}, {"valid_from": "2999-01-01T00:00:00Z"}, {"valid_to": "2026-01-02T00:00:00Z"})
    ):
        key = {"Idempotency-Key": f"an-offer-of-later-{i}"}
        made = floor.call("manager", "POST", "/staff/promotions", BUNDLE | change, **key)
        assert made.status_code == 201
    assert offers(floor).json["promotions"] == []
    assert offers(floor, "R9").json["code"] == "store_unknown"
