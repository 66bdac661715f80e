"""What is expected to be sold, and which shelves that empties."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.sales.days import day_of
from backend.sales.forecast import forecast
from backend.sales.rollups import roll_up
from backend.sales.stock_at_risk import stock_at_risk
from tests.backend.inventory.shelf import NOON
from tests.backend.sales.rows import Line, Shop

WEEKS = 8


def test_what_sells_evenly_is_expected_to_go_on():
    assert forecast([3] * 30, 4) == pytest.approx([3, 3, 3, 3])


def test_a_day_of_the_week_is_expected_to_sell_like_its_kind():
    quiet, busy = 2, 20
    expected = forecast(([quiet] * 6 + [busy]) * WEEKS, 7)
    assert max(expected[:6]) < 5 < 15 < expected[6]


def test_younger_weeks_count_more():
    assert forecast([2] * 28 + [8] * 28, 1)[0] > 6


def test_what_sells_now_and_then_is_expected_a_little_every_day():
    now_and_then = ([0] * 9 + [1]) * 6
    assert all(0 < pieces < 0.4 for pieces in forecast(now_and_then, 7))


def test_days_with_an_empty_shelf_are_not_taken_for_days_without_demand():
    assert forecast([10] * 30 + [0] * 5, 1)[0] == pytest.approx(10)


@pytest.mark.parametrize("sold", [[], [0], [0] * 60])
def test_what_never_sold_is_not_expected_to(sold):
    assert forecast(sold, 3) == [0, 0, 0]


def test_no_forecast_is_above_the_best_day():
    sold = [day * 7 % 11 for day in range(56)]
    assert max(forecast(sold, 14)) <= max(sold)


@pytest.fixture
def shop(run) -> Shop:
    return run(Shop)


def at_risk(run, shop: Shop) -> list[tuple[str, int, int]]:
    rows = run.read(lambda tx: stock_at_risk(tx, shop.store_id, now=NOON))
    return [(row.sku, row.available, row.cover_days) for row in rows]


def sells(run, shop: Shop, sku: str, pieces: int, *, days: range) -> None:
    """On each of so many days ago."""

    def work(tx):
        for ago in reversed(days):
            shop.on(tx).sell(NOON - timedelta(days=ago), [Line(sku, pieces, 1_00)])

    run(work)


def count_days(run, shop: Shop) -> None:
    """What the worker does with days that are over."""
    for back in range(WEEKS * 7, 0, -1):
        day = day_of(NOON - timedelta(days=back), "Asia/Riyadh")
        run(lambda tx, day=day: roll_up(tx, shop.store_id, day))


@pytest.mark.parametrize("counted", [True, False], ids=["days counted", "worker behind"])
def test_stock_is_at_risk_when_gone_or_gone_within_three_days(run, shop, counted):
    run(lambda tx: shop.on(tx).stock("GONE", 4, reserved=4))
    for sku, left in (("FAST", 5), ("SLOW", 500), ("STILL", 1)):
        run(lambda tx, sku=sku, left=left: shop.on(tx).stock(sku, left))
    for sku in ("FAST", "SLOW"):
        sells(run, shop, sku, 2, days=range(1, 22))
    if counted:
        count_days(run, shop)
    assert at_risk(run, shop) == [("GONE", 0, 0), ("FAST", 5, 2)]


def test_what_sold_out_is_named_first_and_the_best_seller_before_others(run, shop):
    for sku in ("A", "B", "C"):
        run(lambda tx, sku=sku: shop.on(tx).stock(sku, 0 if sku != "C" else 1))
    for sku, pieces in (("A", 1), ("B", 9), ("C", 4)):
        sells(run, shop, sku, pieces, days=range(1, 15))
    assert [sku for sku, _, _ in at_risk(run, shop)] == ["B", "A", "C"]


def test_a_day_that_sells_better_than_expected_counts_at_once(run, shop):
    run(lambda tx: shop.on(tx).stock("HOT", 4))
    sells(run, shop, "HOT", 1, days=range(1, 22))
    count_days(run, shop)
    assert at_risk(run, shop) == []
    sells(run, shop, "HOT", 40, days=range(1))
    assert [sku for sku, _, _ in at_risk(run, shop)] == ["HOT"]


def test_the_weekday_decides_how_long_it_lasts(run, shop):
    """Ten pieces last over quiet days and not over the day on which twenty are sold each week."""
    run(lambda tx: [shop.on(tx).stock(sku, 10) for sku in ("SOON", "LATER")])
    for weeks in range(1, WEEKS):
        for sku, ahead in (("SOON", 1), ("LATER", 4)):
            sells(run, shop, sku, 20, days=range(7 * weeks - ahead, 7 * weeks - ahead + 1))
    count_days(run, shop)
    assert at_risk(run, shop) == [("SOON", 10, 1)]
