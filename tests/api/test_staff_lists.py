import pytest
from sqlalchemy import event


@pytest.mark.parametrize("name", ["orders", "products", "shoppers", "ledger"])
def test_the_pages_of_a_list_hold_each_row_once(floor, name):
    for _ in range(3):
        floor.sell()
    whole = floor.call("manager", "GET", f"/staff/lists/{name}?store=R1").json
    assert whole["next"] is None
    assert len(whole[name]) == {"orders": 3, "products": 2, "shoppers": 2, "ledger": 0}[name]
    paged, after = [], ""
    while after is not None:
        page = floor.call("manager", "GET", f"/staff/lists/{name}?store=R1&limit=1&after={after}").json
        assert len(page[name]) <= 1
        paged, after = paged + page[name], page["next"]
    assert paged == whole[name]


def test_the_newest_order_comes_first(floor):
    old = floor.sell()
    floor.clock.move(minutes=1)
    new = floor.sell()
    orders = floor.call("manager", "GET", "/staff/lists/orders?store=R1").json["orders"]
    assert [order["id"] for order in orders] == [new, old]


def test_no_list_counts_its_rows(floor):
    said = []
    event.listen(floor.services.run.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    for name in ("orders", "products", "shoppers", "ledger"):
        assert floor.call("manager", "GET", f"/staff/lists/{name}?store=R1&limit=1").status_code == 200
    assert not [statement for statement in said if "count(" in statement.lower()]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("after=soon", "after_malformed"),
        ("after=018f0000-0000-7000-8000-000000000000", "after_malformed"),
        (f"after={'A' * 41}", "after_malformed"),
        ("limit=0", "limit_malformed"),
        ("limit=101", "limit_malformed"),
        ("limit=-1", "limit_malformed"),
    ],
)
def test_what_is_no_page_is_refused(floor, query, code):
    refused = floor.call("manager", "GET", f"/staff/lists/orders?store=R1&{query}")
    assert (refused.status_code, refused.json["code"]) == (422, code)


@pytest.mark.parametrize(("login", "status"), [("packer", 403), ("cashier", 403), ("stranger", 404)])
def test_lists_are_for_managers_of_the_store(floor, login, status):
    assert floor.call(login, "GET", "/staff/lists/shoppers?store=R1").status_code == status
