from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from backend.errors import Refusal
from backend.sales import rollups
from backend.sales.days import StoreDay
from backend.sales.exports import days_csv, hours_csv, products_csv
from backend.sales.figures import ProductSales
from backend.sales.reports import DAYS_MAX, sales
from backend.sales.tables import sales_days
from tests.backend.sales.rows import Line, Shop, id_of

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)  # 12:00 in Riyadh


def at(hour, minute=0, *, day=22):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_day_without_orders_has_24_hours_of_nothing(run):
    report = run(lambda tx: sales(tx, Shop(tx).store_id, now=NOON))
    assert report.first == DAY
    assert [(h.begins_at.hour, h.orders) for h in report.hours] == [(hour, 0) for hour in range(24)]
    assert report.products == ()
    assert report.totals.net_minor == 0


def test_orders_fall_into_the_hours_and_the_day_of_the_store_s_own_clock(run):
    def work(tx):
        shop = Shop(tx)
        shop.sell(at(20, 59, day=21), [Line("TEA", 1, 1_00)])  # 23:59 the day before
        shop.sell(at(21, 0, day=21), [Line("TEA", 1, 2_00)])  # 00:00
        shop.sell(at(20, 59), [Line("TEA", 1, 4_00)])  # 23:59
        shop.sell(at(21, 0), [Line("TEA", 1, 8_00)])  # 00:00 the day after
        return sales(tx, shop.store_id, now=NOON)

    report = run(work)
    assert [(h.begins_at.hour, h.orders, h.gross_minor) for h in report.hours if h.orders] == [
        (0, 1, 2_00),
        (23, 1, 4_00),
    ]
    assert report.totals.gross_minor == 6_00


def test_hours_products_and_totals_are_one_sum(run):
    def work(tx):
        shop, other = Shop(tx), Shop(tx, "R2")
        shop.sell(at(6), [Line("TEA", 3, 11_50), Line("BREAD", 2, 3_00, vat_rate_bp=0)])
        shop.sell(at(6, 30), [Line("TEA", 1, 11_50)])
        shop.sell(at(13), [Line("BREAD", 10, 6_00, vat_rate_bp=0)])
        other.sell(at(6), [Line("TEA", 9, 99_99)])
        return sales(tx, shop.store_id, now=NOON)

    report = run(work)
    assert report.products == (
        ProductSales("BREAD", "BREAD en", "BREAD ar", 12, 66_00, 0),
        ProductSales("TEA", "TEA en", "TEA ar", 4, 46_00, 6_00),
    )
    assert [(h.begins_at.hour, h.orders, h.gross_minor) for h in report.hours if h.orders] == [
        (9, 2, 52_00),
        (16, 1, 60_00),
    ]
    assert sum(h.gross_minor for h in report.hours) == sum(p.gross_minor for p in report.products) == 112_00
    assert (report.totals.orders, report.totals.gross_minor, report.totals.vat_minor) == (3, 112_00, 6_00)
    assert report.totals.net_minor == 106_00


def test_a_refund_counts_on_the_day_the_money_went_back_with_its_vat(run):
    def work(tx):
        shop = Shop(tx)
        yesterday = shop.sell(at(10, day=21), [Line("TEA", 1, 23_00)], state="mismatch")
        shop.sell(at(6), [Line("TEA", 2, 11_50)])
        shop.refund(yesterday, at(7), amount_minor=23_00, vat_minor=3_00)
        today = sales(tx, shop.store_id, now=NOON)
        return today.totals, sales(tx, shop.store_id, first=date(2026, 11, 21), now=NOON).totals

    today, yesterday = run(work)
    assert (today.refunds, today.refunds_minor, today.refunds_vat_minor) == (1, 23_00, 3_00)
    assert today.net_minor == 0
    assert (yesterday.gross_minor, yesterday.refunds, yesterday.net_minor) == (23_00, 0, 20_00)


def test_a_day_on_which_clocks_change_has_25_hours_and_loses_no_order(run):
    def work(tx):
        shop = Shop(tx, timezone="Europe/Berlin")
        for hour in (0, 1):  # 02:00 summer time, then 02:00 winter time
            shop.sell(datetime(2026, 10, 25, hour, tzinfo=UTC), [Line("TEA", 1, 5_00)])
        return sales(tx, shop.store_id, first=date(2026, 10, 25), now=NOON)

    report = run(work)
    assert [h.begins_at.isoformat() for h in report.hours if h.orders] == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
    ]
    assert len(report.hours) == 25
    assert len(StoreDay(date(2026, 3, 29), "Europe/Berlin").hours()) == 23


def test_a_day_that_is_over_is_kept_and_reads_as_if_it_were_counted(run):
    def work(tx):
        shop = Shop(tx, timezone="America/St_Johns")
        first = shop.sell(at(10, day=19), [Line("TEA", 3, 11_50), Line("BREAD", 1, 3_00, vat_rate_bp=0)])
        shop.sell(at(3, 29, day=20), [Line("TEA", 1, 11_50)])  # 23:59 of the 19th
        shop.sell(at(3, 30, day=20), [Line("BREAD", 2, 3_00, vat_rate_bp=0)])  # 00:00 of the 20th
        shop.refund(first, at(12, day=20), amount_minor=11_50, vat_minor=1_50)
        shop.sell(at(6), [Line("TEA", 5, 11_50)])  # today
        return shop.store_id

    def read(tx):
        return sales(tx, store_id, first=date(2026, 11, 1), last=DAY, now=NOON)

    store_id = run(work)
    counted = run.read(read)
    assert [d.day.day for d in counted.days if d.totals.orders] == [19, 20, 22]
    assert keep_past_days(run, now=NOON) == [date(2026, 11, day) for day in (19, 20, 21)]
    assert run.read(read) == counted


def test_a_day_is_kept_once_it_is_over_for_sure(run):
    run(lambda tx: Shop(tx).sell(at(6, day=21), [Line("TEA", 1, 1_00)]))
    midnight = at(21, 0, day=21)
    assert keep_past_days(run, now=midnight) == []
    assert keep_past_days(run, now=midnight + rollups.SETTLED_AFTER) == [date(2026, 11, 21)]
    assert keep_past_days(run, now=midnight + rollups.SETTLED_AFTER) == []


def test_what_was_kept_wrong_is_counted_again(run):
    run(lambda tx: Shop(tx).sell(at(6, day=21), [Line("TEA", 1, 1_00)]))
    keep_past_days(run, now=NOON)
    run(lambda tx: tx.execute(update(sales_days).values(gross_minor=7)))
    for store_id, day in run.read(rollups.kept_days):
        run(lambda tx, store_id=store_id, day=day: rollups.rebuild(tx, store_id, day))
    assert run.read(lambda tx: tx.execute(select(sales_days.c.gross_minor)).scalar_one()) == 1_00


def keep_past_days(run, *, now):
    kept = []
    while due := run.read(lambda tx: rollups.due(tx, now=now)):
        for store_id, day in due:
            run(lambda tx, store_id=store_id, day=day: rollups.roll_up(tx, store_id, day))
            kept.append(day.day)
    return kept


@pytest.mark.parametrize(("first", "last"), [(22, 21), (1, 1 + DAYS_MAX)])
def test_a_period_that_is_none_or_too_long_is_refused(run, first, last):
    store_id = run(lambda tx: Shop(tx).store_id)
    days = [date(2026, 8, 1) + timedelta(days=n) for n in (first, last)]
    with pytest.raises(Refusal, match="period_malformed"):
        run.read(lambda tx: sales(tx, store_id, first=days[0], last=days[1], now=NOON))


def test_an_unknown_store_is_refused(run):
    with pytest.raises(Refusal, match="store_unknown"):
        run.read(lambda tx: sales(tx, id_of("nowhere"), now=NOON))


def test_the_files_hold_the_report_s_own_numbers_and_no_formula(run):
    def work(tx):
        shop = Shop(tx)
        shop.sell(at(6), [Line("=TEA", 2, 11_50)])
        return sales(tx, shop.store_id, now=NOON)

    report = run(work)
    assert products_csv(report).splitlines() == [
        "first_day,last_day,sku,name_en,name_ar,pieces,gross_minor,vat_minor,currency",
        "2026-11-22,2026-11-22,'=TEA,'=TEA en,'=TEA ar,2,2300,300,SAR",
    ]
    lines = hours_csv(report).splitlines()
    assert len(lines) == 25
    assert lines[10] == "2026-11-22,09:00,2026-11-22T09:00:00+03:00,Asia/Riyadh,1,2300,0,SAR"
    assert days_csv(report).splitlines()[1] == "2026-11-22,Asia/Riyadh,1,2300,0,300,0,0,0,2000,SAR"
