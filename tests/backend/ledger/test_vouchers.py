"""A voucher is money for whoever brings it, as often as was paid for, once a shopper."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from backend.errors import Refusal
from backend.ledger.voucher_codes import code_from, read_code, shown
from backend.ledger.vouchers import VALID
from tests.backend.inventory.shelf import IDS, NOON


def refused(act, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as refusal:
        act(*args, **kwargs)
    return refusal.value.code


def test_a_voucher_becomes_money_in_the_wallet(counter):
    counter.issue(50_00)
    done = counter.redeem()
    assert (done.value_minor, done.balance_minor, counter.money_minor) == (50_00, 50_00, 50_00)


def test_the_cash_is_in_the_till_when_the_voucher_is_issued(counter):
    counter.issue(50_00, uses=3)
    assert counter.owed_minor == 150_00
    counter.redeem()
    assert counter.owed_minor == 150_00


def test_it_counts_once_a_shopper_and_as_often_as_was_paid_for(counter):
    counter.issue(uses=2)
    counter.redeem()
    assert refused(counter.redeem) == "voucher_used"
    counter.redeem(IDS.uuid7())
    assert refused(counter.redeem, IDS.uuid7()) == "voucher_used_up"
    assert counter.money_minor == 50_00


def test_a_voucher_runs_out(counter):
    counter.issue()
    assert refused(counter.redeem, now=NOON + VALID) == "voucher_over"
    counter.redeem(now=NOON + VALID - timedelta(seconds=1))


def test_an_unknown_code_moves_nothing(counter):
    counter.issue()
    assert refused(counter.redeem, code="B" * 20) == "voucher_unknown"


@pytest.mark.parametrize(
    ("value_minor", "uses"), [(99, 1), (0, 1), (-5_00, 1), (5_000_01, 1), (60_00, 100), (1_00, 0)]
)
def test_a_voucher_has_limits(counter, value_minor, uses):
    assert refused(counter.issue, value_minor, uses=uses) == "amount_out_of_range"


@pytest.mark.parametrize("uses_max", [1, 3])
def test_many_at_once_use_it_as_often_as_was_paid_for(counter, uses_max):
    counter.issue(10_00, uses=uses_max)
    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda _: outcome(counter, IDS.uuid7()), range(16)))
    assert sorted(said) == ["redeemed"] * uses_max + ["voucher_used_up"] * (16 - uses_max)


def test_one_shopper_in_many_sessions_uses_it_once(counter):
    counter.issue(10_00, uses=5)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: outcome(counter, counter.shopper_id), range(8)))
    assert sorted(said) == ["redeemed"] + ["voucher_used"] * 7
    assert counter.money_minor == 10_00


def outcome(counter, shopper_id: str) -> str:
    try:
        counter.redeem(shopper_id)
    except Refusal as refusal:
        return refusal.code
    return "redeemed"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE vouchers SET uses = uses_max + 1",
        "UPDATE voucher_uses SET n = 0",
        "INSERT INTO voucher_uses SELECT voucher_id, n + 1, shopper_id, posting_id, at FROM voucher_uses",
    ],
)
def test_the_database_itself_keeps_the_limits(counter, damage):
    counter.issue(uses=3)
    counter.redeem()
    with pytest.raises(IntegrityError):
        counter.run(lambda tx: tx.execute(text(damage)))


def test_a_code_is_read_as_people_type_it():
    code = code_from("0123456789abcdef" * 4)
    assert (len(code), len(shown(code))) == (20, 23)
    assert read_code(shown(code).lower()) == code
    assert read_code(f" {code[:10]} {code[10:]} ") == code
    assert read_code("oil12-34567-89ABC-DEFG٠") == "011123456789ABCDEFG0"


@pytest.mark.parametrize("text", ["", "A" * 19, "A" * 21, "U" * 20, "é" * 20, "😀" * 20])
def test_what_is_no_code_is_refused(text):
    assert refused(read_code, text) == "voucher_unknown"
