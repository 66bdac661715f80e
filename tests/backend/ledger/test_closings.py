"""The till is counted against the books and emptied into the safe."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from backend.errors import Refusal
from backend.ledger.closings import closings_of, till
from tests.backend.inventory.shelf import NOON
from tests.backend.ledger.counter import TODAY

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def refused(act, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as refusal:
        act(*args, **kwargs)
    return refusal.value.code


def test_the_till_should_hold_what_came_in_less_what_went_out(counter):
    counter.top_up(100_00)
    counter.issue(30_00, uses=2)
    counter.pay_out(25_00)
    state = counter.run.read(lambda tx: till(tx, counter.store_id, "SAR"))
    assert state.expected_minor == 135_00
    assert state.moved_minor == {"issue": 60_00, "payout": -25_00, "topup": 100_00}


@pytest.mark.parametrize(
    ("counted_minor", "difference_minor"), [(100_00, 0), (98_50, -1_50), (101_00, 1_00), (0, -100_00)]
)
def test_a_closing_says_what_is_missing_and_empties_the_till(counter, counted_minor, difference_minor):
    counter.top_up(100_00)
    closing = counter.close(counted_minor)
    assert (closing.expected_minor, closing.difference_minor) == (100_00, difference_minor)
    assert counter.owed_minor == 0
    assert counter.run.read(lambda tx: closings_of(tx, counter.store_id)) == [closing]


def test_what_comes_after_a_closing_belongs_to_the_next(counter):
    counter.top_up(100_00)
    counter.close(100_00, day=YESTERDAY)
    counter.top_up(20_00, now=NOON + timedelta(minutes=1))
    state = counter.run.read(lambda tx: till(tx, counter.store_id, "SAR"))
    assert (state.expected_minor, state.moved_minor) == (20_00, {"topup": 20_00})
    assert counter.close(20_00).expected_minor == 20_00


def test_a_day_is_closed_once_and_not_before_it_begins(counter):
    counter.close(0)
    assert refused(counter.close, 0) == "closing_done"
    assert refused(counter.close, 0, day=YESTERDAY) == "closing_done"
    assert refused(counter.close, 0, day=TOMORROW) == "closing_early"


def test_two_closings_at_once_do_not_empty_the_till_twice(counter):
    counter.top_up(100_00)

    def close(day) -> int:
        try:
            return counter.close(0, day=day).expected_minor
        except Refusal:
            return 0

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(close, (YESTERDAY, TODAY))) == 100_00
    assert counter.owed_minor == 0


def test_top_ups_during_a_closing_are_counted_once(counter):
    with ThreadPoolExecutor(4) as pool:
        moving = [pool.submit(counter.top_up, 1_00) for _ in range(20)]
        closing = pool.submit(counter.close, 0)
        for each in moving:
            each.result()
    assert closing.result().expected_minor + counter.owed_minor == 20_00
