"""Vouchers, payouts and closings over the API."""

from __future__ import annotations

import pytest
from sqlalchemy import text

KEY = {"Idempotency-Key": "a-new-act-0001"}


def topped_up(floor, amount_minor=100_00):
    body = {"store": "R1", "shopper": "noura", "amount_minor": amount_minor}
    floor.call("cashier", "POST", "/staff/topups", body, **{"Idempotency-Key": "the-top-up-01"})


def new(floor, path, body, login="cashier", **headers):
    return floor.call(login, "POST", f"/staff/{path}", {"store": "R1", **body}, **(headers or KEY))


def test_money_is_paid_out_once_a_key(floor):
    topped_up(floor)
    first, second = (new(floor, "payouts", {"shopper": "noura", "amount_minor": 30_00}) for _ in range(2))
    assert (first.status_code, first.json["balance_minor"]) == (201, 70_00)
    assert second.data == first.data


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount_minor": 100_01}, 409, "wallet_short"),
        ({"amount_minor": 2**63}, 422, "invalid_body"),
        ({"amount_minor": 50.5}, 422, "invalid_body"),
        ({"amount_minor": 10**12}, 422, "amount_out_of_range"),
        ({"shopper": "nobody"}, 404, "shopper_not_found"),
        ({"store": "R2"}, 404, "store_unknown"),
    ],
)
def test_a_wrong_payout_moves_nothing(floor, changes, status, code):
    topped_up(floor)
    refused = new(floor, "payouts", {"shopper": "noura", "amount_minor": 1_00, **changes})
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert new(floor, "payouts", {"shopper": "noura", "amount_minor": 100_00}).status_code == 201


def test_a_voucher_s_code_is_in_its_answers_and_nowhere_else(floor):
    first, second = (new(floor, "vouchers", {"value_minor": 50_00}) for _ in range(2))
    assert first.status_code == 201
    assert second.json == first.json
    code = first.json["code"]

    def contents(tx):
        tables = ("vouchers", "idempotency_records", "audit_entries", "outbox", "postings")
        return str([tx.execute(text(f"SELECT * FROM {table}")).all() for table in tables])  # noqa: S608 - ours

    stored = floor.services.run.read(contents)
    assert code not in stored
    assert code.replace("-", "") not in stored


def test_the_till_is_closed_by_a_manager(floor):
    topped_up(floor)
    till = floor.call("manager", "GET", "/staff/till?store=R1").json
    assert (till["expected_minor"], till["moved_minor"], till["closings"]) == (100_00, {"topup": 100_00}, [])
    body = {"day": till["today"], "counted_minor": 99_50}
    closing = new(floor, "closings", body, login="manager")
    assert (closing.status_code, closing.json["difference_minor"]) == (201, -50)
    after = floor.call("manager", "GET", "/staff/till?store=R1").json
    assert (after["expected_minor"], after["closings"]) == (0, [closing.json])
    refused = new(floor, "closings", body, login="manager", **{"Idempotency-Key": "a-new-act-0002"})
    assert (refused.status_code, refused.json["code"]) == (409, "closing_done")


@pytest.mark.parametrize(("day", "code"), [("tomorrow", "day_malformed"), ("2099-01-01", "closing_early")])
def test_a_day_that_is_none_or_to_come_is_not_closed(floor, day, code):
    assert new(floor, "closings", {"day": day, "counted_minor": 0}, login="manager").json["code"] == code


def test_a_packer_touches_no_cash_and_a_cashier_closes_no_till(floor):
    assert (
        new(floor, "payouts", {"shopper": "noura", "amount_minor": 1_00}, login="packer").status_code == 403
    )
    assert new(floor, "vouchers", {"value_minor": 1_00}, login="packer").status_code == 403
    assert new(floor, "closings", {"day": "2026-11-22", "counted_minor": 0}).status_code == 403
