"""Promotions made, looked at and ended by somebody with a browser and no script."""

from __future__ import annotations

import pytest

UNTICKED = {"needs_coupon": "", "everywhere": ""}
NAMES = {"name_en": "Tea time", "name_ar": "وقت الشاي", "begins": "2026-01-01T08:00", **UNTICKED}
TYPED = {
    "percent": {"percent": "١٢٫٥", "category": "Food"},
    "amount": {"amount": "5", "sku": "tea"},
    "n_for_m": {"take": "3", "pay": "2"},
    "bundle": {"bundle": "tea 2\n\nBREAD 1", "amount": "20.00"},
}
SHOWN = {
    "percent": ("12.5% off", "Food"),
    "amount": ("SAR 5.00 off", "TEA en TEA"),
    "n_for_m": ("3 for the price of 2", "The whole cart"),
    "bundle": ("SAR 20.00 together", "1 × BREAD en BREAD 2 × TEA en TEA"),
}


def make(browser, kind="percent", **changes):
    page = browser.get(f"/staff/R1/promotions/new/{kind}")
    return browser.sent(page, f"/new/{kind}", **{**NAMES, **TYPED[kind], **changes})


@pytest.mark.parametrize("kind", TYPED)
def test_a_promotion_of_each_kind_is_made_and_shown(browse, kind):
    page = make(browse("manager"), kind)
    text = page.text.replace("\u00a0", " ")
    assert "The promotion is made." in text
    for said in ("Tea time", "Running", "2026-01-01 08:00 – until it is ended", *SHOWN[kind]):
        assert said in text


def test_a_promotion_is_shown_in_arabic_too(browse):
    manager = browse("manager")
    make(manager, "bundle")
    manager.client.get("/staff/R1/promotions?lang=ar")
    page = manager.get("/staff/R1/promotions")
    for said in ("وقت الشاي", "سارٍ", "TEA ar"):
        assert said in page.text


def test_a_promotion_that_was_ended_is_kept_below_and_ends_once(browse):
    manager = browse("manager")
    running = make(manager)
    ended = manager.sent(running, "/end")
    assert "The promotion is ended." in ended.text
    assert "Nothing is cheaper now." in ended.text
    assert "Past promotions" in ended.text
    assert [form for form in ended.forms if form["action"].endswith("/end")] == []


def test_a_promotion_waits_for_its_time_and_is_over_after_it(browse):
    manager = browse("manager")
    assert "Planned" in make(manager, begins="2999-01-01T08:00").text
    assert "Over" in make(manager, ends="2026-01-01T09:00").text


def test_coupons_are_issued_with_their_limits_for_promotions_that_need_one(browse):
    manager = browse("manager")
    page = make(manager, needs_coupon="1")
    page = manager.sent(page, "/coupon", code="tea-2026", uses_max="100", per_shopper_max="2")
    for said in ("Coupon TEA-2026 can be used now.", "TEA-2026 0 of 100 2"):
        assert said in page.text
    again = manager.get("/staff/R1/promotions")
    again = manager.sent(again, "/coupon", code="TEA-2026", uses_max="1", per_shopper_max="1")
    assert "There is a coupon of this code." in again.text
    bad = manager.sent(again, "/coupon", code="no", uses_max="1", per_shopper_max="1")
    assert "Use 4 to 32 letters" in bad.text


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("percent", {"percent": "much"}, "at most 2 decimals"),
        ("percent", {"percent": "100.01"}, "at most 100 %"),
        ("percent", {"category": "Food", "sku": "TEA"}, "a product or a category"),
        ("percent", {"name_ar": ""}, "Give both names"),
        ("percent", {"ends": "2025-01-01T08:00"}, "an end after the beginning"),
        ("percent", {"begins": "soon"}, "This is not a day."),
        ("amount", {"sku": "CAVIAR"}, "no such product"),
        ("n_for_m", {"pay": "3"}, "fewer paid than taken"),
        ("n_for_m", {"pay": "two"}, "Type a number of pieces"),
        ("bundle", {"bundle": "TEA"}, "Write each product of the bundle once"),
        ("bundle", {"bundle": "TEA 1\nTEA 2"}, "Write each product of the bundle once"),
        ("bundle", {"bundle": "TEA 1"}, "several pieces in a bundle"),
    ],
)
def test_what_makes_no_sense_is_said_beside_what_was_typed(browse, kind, changes, said):
    page = make(browse("manager"), kind, **changes)
    assert said in page.text
    assert page.form(f"/new/{kind}")["fields"]["name_en"] == "Tea time"


def test_a_form_sent_twice_makes_one_promotion(browse):
    manager = browse("manager")
    page = manager.get("/staff/R1/promotions/new/percent")
    for _ in range(2):
        after = manager.sent(page, "/new/percent", **NAMES, **TYPED["percent"])
    assert after.text.count("Tea time ") == 2  # its name and its button


def test_managers_make_them_for_their_stores_and_administrators_for_all(browse):
    manager, admin = browse("manager"), browse("admin")
    make(manager)
    assert "Tea time" not in manager.get("/staff/R2/promotions").text
    everywhere = make(manager, everywhere="1")
    assert "Your role does not allow this." in everywhere.text
    assert "In every store" in make(admin, everywhere="1").text
    browse("cashier").get("/staff/R1/promotions", status=403)


def test_managers_see_what_runs_in_every_store_and_leave_it_to_administrators(browse):
    make(browse("admin"), everywhere="1")
    seen = browse("manager").get("/staff/R1/promotions").text
    assert "In every store" in seen
    assert "End it now" not in seen
