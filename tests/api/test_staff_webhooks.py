"""Where integrators are told what happens: an administrator says so."""

from __future__ import annotations

import pytest

from backend.api.staff_webhooks import refuse_url
from backend.errors import Refusal

KEY = {"Idempotency-Key": "a-new-endpoint-1"}


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/x",
        "ftp://erp.example/x",
        "https://",
        "https://me@erp.example/",
        "https://erp.exämple/",
    ],
)
def test_addresses_that_cannot_be_endpoints_are_refused(url: str) -> None:
    with pytest.raises(Refusal, match="webhook_url_refused"):
        refuse_url(url, private=False)


def test_an_address_over_tls_may_be_one_and_a_plain_one_where_the_shop_says_so() -> None:
    refuse_url("https://erp.example/smartpay", private=False)
    refuse_url("http://127.0.0.1:9000/smartpay", private=True)


def test_an_administrator_adds_looks_replays_and_ends_an_endpoint(floor):
    floor.hire("administrator", "administrator", "R1")
    asked = {"url": "https://erp.example/x", "kinds": ["payment.settled"], "store": "R1"}
    first, second = (floor.call("administrator", "POST", "/staff/webhooks", asked, **KEY) for _ in range(2))
    assert (first.status_code, second.data) == (201, first.data)
    made = first.json
    assert (made["kinds"], made["active"], made["due"]) == (["payment.settled"], True, 0)
    path = f"/staff/webhooks/{made['id']}"
    assert len(floor.call("administrator", "GET", f"{path}/secret").json["secret"]) == 64
    span = {"after": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    replayed = floor.call("administrator", "POST", f"{path}/replay", span, **{"Idempotency-Key": "replay-01"})
    assert (replayed.status_code, replayed.json) == (201, {"deliveries": 0})
    assert floor.call("administrator", "DELETE", path).status_code == 204
    listed = floor.call("administrator", "GET", "/staff/webhooks").json["webhooks"]
    assert [one["active"] for one in listed] == [False]
    assert floor.call("manager", "GET", "/staff/webhooks").status_code == 403
