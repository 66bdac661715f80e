"""The shopper's wallet: vouchers in, and the statement, page by page and as a file."""

from __future__ import annotations

import pytest

from backend.ledger.voucher_codes import shown
from tests.backend.ledger.counter import Counter


def test_pages_of_the_wallet_go_back_in_time(shop):
    noura = shop.guest()
    for amount_minor in (10_00, 20_00, 30_00):
        shop.top_up(noura, amount_minor)
    first = noura.call("GET", "/v1/wallet?limit=2").json
    assert [(line["amount_minor"], line["balance_minor"]) for line in first["entries"]] == [
        (30_00, 60_00),
        (20_00, 30_00),
    ]
    rest = noura.call("GET", f"/v1/wallet?limit=2&after={first['next']}").json
    assert [line["balance_minor"] for line in rest["entries"]] == [10_00]
    assert (rest["next"], rest["balance_minor"]) == (None, 60_00)


def test_the_statement_is_a_file(shop):
    noura = shop.guest()
    shop.top_up(noura, 12_50)
    reply = noura.call("GET", "/v1/wallet/statement.csv")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    heading, line = reply.body.decode().splitlines()
    assert heading == "at,kind,amount,balance,currency,reference"
    assert line.split(",")[1:5] == ["topup", "12.50", "12.50", "SAR"]


@pytest.mark.parametrize(
    "query", ["after=x", "after=1", "limit=0", "limit=101", "limit=-1", "limit=x", "limit=١"]
)
def test_a_page_that_cannot_be_is_refused(shop, query):
    reply = shop.guest().call("GET", f"/v1/wallet?{query}")
    assert (reply.status, reply.json["code"]) == (422, "cursor_malformed")


def test_a_voucher_is_redeemed_as_typed(shop):
    code = "0123456789ABCDEFGHJK"
    Counter(shop.services.run, shop.shelf.store.id).issue(50_00, code=code)
    guest = shop.guest()

    def redeem(key):
        return guest.call("POST", "/v1/wallet/vouchers", {"code": shown(code).lower()}, key=key)

    done = redeem("redeem-it-01")
    assert (done.status, done.json["balance_minor"]) == (201, 50_00)
    assert redeem("redeem-it-01").body == done.body
    assert (redeem("redeem-it-02").status, redeem("redeem-it-02").json["code"]) == (409, "voucher_used_up")
    entries = guest.call("GET", "/v1/wallet").json["entries"]
    assert [(line["kind"], line["amount_minor"], line["balance_minor"]) for line in entries] == [
        ("redeem", 50_00, 50_00)
    ]
    assert "50.00" in str(shop.message(guest, "voucher.redeemed"))
