"""Who may see and send what, page by page."""

import re

import pytest

SECTIONS = {"queue", "people", "till", "stock", "sales"}
SEES = {"packer": {"queue"}, "cashier": {"queue", "people", "till"}, "manager": SECTIONS, "admin": SECTIONS}


@pytest.mark.parametrize("login", SEES)
def test_a_role_sees_its_sections_and_no_link_to_others(browse, login):
    browser = browse(login)
    for section in sorted(SECTIONS):
        page = browser.get(f"/staff/R1/{section}", status=200 if section in SEES[login] else 403)
        found = {link.rsplit("/", 1)[-1] for link in page.links if re.fullmatch(r"/staff/R1/\w+", link)}
        assert found & SECTIONS == SEES[login]


@pytest.mark.parametrize("file", ["hours.csv", "products.csv"])
def test_a_packer_cannot_fetch_the_figures_as_a_file(browse, file):
    browse("packer").get(f"/staff/R1/sales/{file}", status=403)


@pytest.mark.parametrize("section", ["queue", "people", "stock", "sales"])
def test_pages_of_a_foreign_or_unknown_store_do_not_exist(browse, section):
    stranger = browse("stranger")
    stranger.get(f"/staff/R2/{section}")
    stranger.get(f"/staff/R1/{section}", status=404)
    stranger.get(f"/staff/XX/{section}", status=404)


def test_an_order_is_not_shown_under_another_store_of_the_same_manager(floor, browse):
    order_id, manager = floor.sell(), browse("manager")
    manager.get(f"/staff/R1/orders/{order_id}")
    manager.get(f"/staff/R2/orders/{order_id}", status=404)


def test_every_post_without_the_form_token_is_refused_and_changes_nothing(floor, browse):
    order_id = floor.sell()
    browser, cashier = browse("manager"), browse("cashier")
    foreign = cashier.get("/staff/R1/queue").form("/staff/sign-out")["fields"]["form_token"]
    shopper_id = floor.shops["R1"].shopper_id
    order = f"/staff/R1/orders/{order_id}"
    targets = [f"{order}/{act}" for act in ("accept", "tick", "ready", "handover", "mismatch")]
    targets += ["/staff/R1/stock", f"/staff/R1/people/{shopper_id}/topup", "/staff/sign-out"]
    targets += [f"/staff/R1/people/{shopper_id}/payout", "/staff/R1/till/closing", "/staff/R1/till/voucher"]
    for target in targets:
        for token in ({}, {"form_token": "forged"}, {"form_token": foreign}):
            assert browser.client.post(target, data=token).status_code == 403, target
    assert floor.call("manager", "GET", f"/staff/orders/{order_id}").json["state"] == "paid"
    browser.get("/staff/R1/queue")


def test_a_cashier_s_form_cannot_pack(floor, browse):
    order_id, browser = floor.sell(), browse("cashier")
    page = browser.get("/staff/R1/queue")
    token = page.form("/staff/sign-out")["fields"]
    assert browser.client.post(f"/staff/R1/orders/{order_id}/accept", data=token).status_code == 403


def test_every_page_says_who_may_open_it(floor, visitor):
    rules = [rule for rule in floor.app.url_map.iter_rules() if rule.endpoint.startswith("staff.")]
    views = {rule.endpoint: floor.app.view_functions[rule.endpoint] for rule in rules}
    assert [
        name for name, view in views.items() if name != "staff.static" and not hasattr(view, "access")
    ] == []


def test_an_unknown_address_is_a_page_that_leads_back(browse):
    page = browse("packer").get("/staff/R1/nowhere", status=404)
    assert "/staff" in "".join(page.links)
