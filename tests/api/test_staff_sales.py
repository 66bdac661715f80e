import pytest


def test_a_manager_sees_the_day_in_figures(floor):
    floor.sell()
    floor.sell(code="R2")
    sales = floor.call("manager", "GET", "/staff/sales?store=R1").json
    assert sales["totals"]["gross_minor"] == 26_00
    assert sum(hour["gross_minor"] for hour in sales["hours"]) == 26_00
    assert sum(product["gross_minor"] for product in sales["products"]) == 26_00
    assert (sales["timezone"], sales["currency"], len(sales["hours"])) == ("Asia/Riyadh", "SAR", 24)


def test_another_day_is_another_report(floor):
    floor.sell()
    assert floor.call("manager", "GET", "/staff/sales?store=R1&day=2026-01-31").json["totals"]["orders"] == 0


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_is_refused(floor, day):
    refused = floor.call("manager", "GET", f"/staff/sales?store=R1&day={day}")
    assert (refused.status_code, refused.json["code"]) == (422, "day_malformed")


def test_several_days_are_one_report(floor):
    floor.sell()
    sales = floor.call("manager", "GET", "/staff/sales?store=R1&from=2026-01-01&to=2026-01-03").json
    assert [day["day"] for day in sales["days"]] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    refused = floor.call("manager", "GET", "/staff/sales?store=R1&from=2026-01-03&to=2026-01-01")
    assert (refused.status_code, refused.json["code"]) == (422, "period_malformed")


@pytest.mark.parametrize("login", ["packer", "cashier"])
def test_packers_and_cashiers_see_no_figures(floor, login):
    refused = floor.call(login, "GET", "/staff/sales?store=R1")
    assert (refused.status_code, refused.json["code"]) == (403, "role_missing")


def test_a_manager_of_another_store_sees_nothing(floor):
    refused = floor.call("stranger", "GET", "/staff/sales?store=R1")
    assert (refused.status_code, refused.json["code"]) == (404, "store_unknown")
