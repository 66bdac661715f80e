import pytest

KEY = {"Idempotency-Key": "a-new-act-0001"}


def asked(**changes):
    return {"store": "R1", "shopper": "noura", "amount_minor": 50_00} | changes


def test_cash_becomes_money_in_the_wallet(floor):
    answer = floor.call("cashier", "POST", "/staff/topups", asked(), **KEY)
    assert (answer.status_code, answer.json["balance_minor"], answer.json["currency"]) == (201, 50_00, "SAR")


def test_the_same_key_tops_up_once_and_answers_byte_for_byte(floor):
    first, second = (floor.call("cashier", "POST", "/staff/topups", asked(), **KEY) for _ in range(2))
    assert second.data == first.data
    other = {"Idempotency-Key": "a-new-act-0002"}
    assert floor.call("cashier", "POST", "/staff/topups", asked(), **other).json["balance_minor"] == 100_00


def test_a_key_cannot_be_used_for_another_amount(floor):
    floor.call("cashier", "POST", "/staff/topups", asked(), **KEY)
    refused = floor.call("cashier", "POST", "/staff/topups", asked(amount_minor=60_00), **KEY)
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_key_reused")


def test_a_key_cannot_be_used_for_another_address_with_the_same_body(floor):
    floor.call("cashier", "POST", "/staff/topups", asked(), **KEY)
    refused = floor.call("cashier", "POST", "/staff/topups?twice=1", asked(), **KEY)
    assert (refused.status_code, refused.json["code"]) == (409, "idempotency_key_reused")


def test_a_refused_top_up_gives_its_key_back(floor):
    refused = floor.call("cashier", "POST", "/staff/topups", asked(shopper="nobody"), **KEY)
    assert refused.json["code"] == "shopper_not_found"
    assert floor.call("cashier", "POST", "/staff/topups", asked(), **KEY).status_code == 201


def test_a_guest_is_found_by_id(floor):
    by_id = asked(shopper=floor.shops["R1"].shopper_id)
    assert floor.call("cashier", "POST", "/staff/topups", by_id, **KEY).status_code == 201


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount_minor": 0}, 422, "invalid_body"),
        ({"amount_minor": "50"}, 422, "invalid_body"),
        ({"amount_minor": 50.5}, 422, "invalid_body"),
        ({"amount_minor": 1}, 422, "amount_out_of_range"),
        ({"amount_minor": 10**9}, 422, "amount_out_of_range"),
        ({"store": "R2"}, 404, "store_unknown"),
        ({"tip": 1}, 422, "invalid_body"),
    ],
)
def test_a_wrong_top_up_is_refused(floor, changes, status, code):
    refused = floor.call("cashier", "POST", "/staff/topups", asked(**changes), **KEY)
    assert (refused.status_code, refused.json["code"]) == (status, code)


def test_a_top_up_needs_a_key(floor):
    refused = floor.call("cashier", "POST", "/staff/topups", asked())
    assert (refused.status_code, refused.json["code"]) == (400, "idempotency_key_missing")


def test_a_packer_takes_no_cash(floor):
    assert floor.call("packer", "POST", "/staff/topups", asked(), **KEY).status_code == 403
