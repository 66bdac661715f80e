from datetime import UTC, date, datetime

import pytest

from backend.errors import Refusal
from backend.sales.exports import hours_csv, products_csv
from backend.sales.reports import HourSales, ProductSales, sales_day, utc_range
from backend.sales.stock_at_risk import stock_at_risk
from tests.backend.sales.rows import Line, Shop, id_of

DAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)  # 12:00 in Riyadh


def at(hour, minute=0, *, day=22):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def test_a_day_without_orders_has_24_hours_of_nothing(run):
    sales = run(lambda tx: sales_day(tx, Shop(tx).store_id, now=NOON))
    assert sales.day == DAY
    assert sales.hours == tuple(HourSales(h, 0, 0) for h in range(24))
    assert sales.products == ()
    assert sales.totals.net_minor == 0


def test_orders_fall_into_the_hours_and_the_day_of_the_store_s_own_clock(run):
    def work(tx):
        shop = Shop(tx)
        shop.sell(at(20, 59, day=21), [Line("TEA", 1, 1_00)])  # 23:59 the day before
        shop.sell(at(21, 0, day=21), [Line("TEA", 1, 2_00)])  # 00:00
        shop.sell(at(20, 59), [Line("TEA", 1, 4_00)])  # 23:59
        shop.sell(at(21, 0), [Line("TEA", 1, 8_00)])  # 00:00 the day after
        return sales_day(tx, shop.store_id, now=NOON)

    sales = run(work)
    assert [(h.hour, h.orders, h.gross_minor) for h in sales.hours if h.orders] == [
        (0, 1, 2_00),
        (23, 1, 4_00),
    ]
    assert sales.totals.gross_minor == 6_00


def test_hours_products_and_totals_are_one_sum(run):
    def work(tx):
        shop, other = Shop(tx), Shop(tx, "R2")
        shop.sell(at(6), [Line("TEA", 3, 11_50), Line("BREAD", 2, 3_00, vat_rate_bp=0)])
        shop.sell(at(6, 30), [Line("TEA", 1, 11_50)])
        shop.sell(at(13), [Line("BREAD", 10, 6_00, vat_rate_bp=0)])
        other.sell(at(6), [Line("TEA", 9, 99_99)])
        return sales_day(tx, shop.store_id, now=NOON)

    sales = run(work)
    assert sales.products == (
        ProductSales("BREAD", "BREAD en", "BREAD ar", 12, 66_00, 0),
        ProductSales("TEA", "TEA en", "TEA ar", 4, 46_00, 6_00),
    )
    assert [(h.hour, h.orders, h.gross_minor) for h in sales.hours if h.orders] == [
        (9, 2, 52_00),
        (16, 1, 60_00),
    ]
    assert sum(h.gross_minor for h in sales.hours) == sum(p.gross_minor for p in sales.products) == 112_00
    assert (sales.totals.orders, sales.totals.gross_minor, sales.totals.vat_minor) == (3, 112_00, 6_00)
    assert sales.totals.net_minor == 106_00


def test_a_refund_counts_on_the_day_the_money_went_back_with_its_vat(run):
    def work(tx):
        shop = Shop(tx)
        yesterday = shop.sell(at(10, day=21), [Line("TEA", 1, 23_00)], state="mismatch")
        shop.sell(at(6), [Line("TEA", 2, 11_50)])
        shop.refund(yesterday, at(7), amount_minor=23_00, vat_minor=3_00)
        today = sales_day(tx, shop.store_id, now=NOON)
        return today.totals, sales_day(tx, shop.store_id, day=date(2026, 11, 21), now=NOON).totals

    today, yesterday = run(work)
    assert (today.refunds, today.refunds_minor, today.refunds_vat_minor) == (1, 23_00, 3_00)
    assert today.net_minor == 0
    assert (yesterday.gross_minor, yesterday.refunds, yesterday.net_minor) == (23_00, 0, 20_00)


def test_a_day_on_which_clocks_change_is_25_hours_long_and_loses_no_order(run):
    begin, end = utc_range(date(2026, 10, 25), "Europe/Berlin")
    assert (end - begin).total_seconds() == 25 * 3600

    def work(tx):
        shop = Shop(tx, timezone="Europe/Berlin")
        for hour in (0, 1):  # 02:00 summer time, then 02:00 winter time
            shop.sell(datetime(2026, 10, 25, hour, tzinfo=UTC), [Line("TEA", 1, 5_00)])
        return sales_day(tx, shop.store_id, day=date(2026, 10, 25), now=NOON)

    sales = run(work)
    assert [(h.hour, h.orders) for h in sales.hours if h.orders] == [(2, 2)]


def test_an_unknown_store_is_refused(run):
    with pytest.raises(Refusal, match="store_unknown"):
        run.read(lambda tx: sales_day(tx, id_of("nowhere"), now=NOON))


def test_the_files_hold_the_report_s_own_numbers_and_no_formula(run):
    def work(tx):
        shop = Shop(tx)
        shop.sell(at(6), [Line("=TEA", 2, 11_50)])
        return sales_day(tx, shop.store_id, now=NOON)

    sales = run(work)
    assert products_csv(sales).splitlines() == [
        "day,sku,name_en,name_ar,pieces,gross_minor,vat_minor,currency",
        "2026-11-22,'=TEA,'=TEA en,'=TEA ar,2,2300,300,SAR",
    ]
    lines = hours_csv(sales).splitlines()
    assert len(lines) == 25
    assert lines[10] == "2026-11-22,09:00,Asia/Riyadh,1,2300,SAR"


def test_stock_is_at_risk_when_gone_or_gone_within_three_days_at_the_recent_pace(run):
    def work(tx):
        shop = Shop(tx)
        shop.stock("GONE", 4, reserved=4)
        shop.stock("FAST", 5)
        shop.stock("SLOW", 500)
        shop.stock("STILL", 1)
        for sku in ("FAST", "SLOW"):
            shop.sell(at(6, day=20), [Line(sku, 28, 1_00)])  # two a day
        return stock_at_risk(tx, shop.store_id, now=NOON)

    assert [(r.sku, r.available, r.sold, r.cover_days) for r in run(work)] == [
        ("GONE", 0, 0, None),
        ("FAST", 5, 28, 2),
    ]
