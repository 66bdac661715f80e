"""Cards over HTTP: the shopper's application, the gateway's events, and a shop that takes none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from backend.adapters.stripe_gateway import StripeGateway
from backend.api.app import create_app
from tests.backend.checkout.till import PIN
from tests.loopback_stripe import SECRET_KEY, WEBHOOK_SECRET, LoopbackStripe
from tests.whole_shop import WholeShop


@pytest.fixture
def stripe() -> Iterator[LoopbackStripe]:
    service = LoopbackStripe()
    yield service
    service.close()


@pytest.fixture
def card_shop(shop: WholeShop, stripe: LoopbackStripe) -> WholeShop:
    gateway = StripeGateway(SECRET_KEY, WEBHOOK_SECRET, url=stripe.url)
    shop.services = replace(shop.services, gateway=gateway)
    shop.client = create_app(shop.services).test_client()
    return shop


def tell(shop: WholeShop, stripe: LoopbackStripe, ref: str) -> int:
    body, signature = stripe.signed(stripe.event(ref), shop.clock.now())
    headers = {"Stripe-Signature": signature}
    return shop.client.post("/v1/webhooks/stripe", data=body, headers=headers).status_code


def test_a_shopper_pays_by_card_and_hears_of_it(card_shop, stripe):
    noura = card_shop.shopper()
    checkout, grant = card_shop.granted(noura)
    begun = noura.pay(checkout["id"], grant, PIN, method="card")
    assert (begun.status, begun.json["state"]) == (202, "paying")
    assert "secret" not in begun.body.decode()
    payment = noura.call("GET", f"/v1/checkouts/{checkout['id']}/payment", proved=True).json
    assert (payment["state"], payment["amount_minor"]) == ("pending", 23_00)
    ref = payment["client_secret"].partition("_secret")[0]
    stripe.confirm(ref)
    assert tell(card_shop, stripe, ref) == 200
    assert noura.call("GET", f"/v1/checkouts/{checkout['id']}").json["state"] == "paid"
    order = card_shop.message(noura, "payment.settled")["payload"]["order_id"]
    assert noura.call("GET", f"/v1/orders/{order}").json["state"] == "paid"
    assert noura.call("GET", "/v1/wallet").json["balance_minor"] == 100_00


def test_a_repeated_pay_gets_the_same_bytes_and_no_second_intent(card_shop, stripe):
    noura = card_shop.shopper()
    checkout, grant = card_shop.granted(noura)
    first, second = (
        noura.pay(checkout["id"], grant, PIN, key="one-payment", method="card") for _ in range(2)
    )
    assert first.body == second.body
    for _ in range(2):
        noura.call("GET", f"/v1/checkouts/{checkout['id']}/payment", proved=True)
    assert len(stripe.intents) == 1


def test_a_shopper_who_thinks_better_of_it_gets_the_cart_back(card_shop, stripe):
    noura = card_shop.shopper()
    checkout, grant = card_shop.granted(noura)
    noura.pay(checkout["id"], grant, PIN, method="card")
    noura.call("GET", f"/v1/checkouts/{checkout['id']}/payment", proved=True)
    assert noura.call("DELETE", f"/v1/checkouts/{checkout['id']}").status == 204
    assert noura.call("GET", "/v1/carts/current?store=R1").json["cart"]["state"] == "open"
    assert [intent["status"] for intent in stripe.intents.values()] == ["canceled"]


def test_the_payment_of_another_shopper_is_not_there(card_shop):
    noura, huda = card_shop.shopper(), card_shop.shopper("huda")
    checkout, grant = card_shop.granted(noura)
    noura.pay(checkout["id"], grant, PIN, method="card")
    reply = huda.call("GET", f"/v1/checkouts/{checkout['id']}/payment", proved=True)
    assert (reply.status, reply.code) == (404, "checkout_not_found")


def test_bytes_that_stripe_did_not_sign_leave_nothing_behind(card_shop):
    before = card_shop.contents()
    for headers in ({}, {"Stripe-Signature": "t=1,v1=00"}):
        answer = card_shop.client.post("/v1/webhooks/stripe", data=b"{}", headers=headers)
        assert (answer.status_code, answer.json["code"]) == (400, "webhook_refused")
    assert card_shop.contents() == before


def test_a_shop_without_a_gateway_takes_no_cards(shop):
    noura = shop.shopper()
    checkout, grant = shop.granted(noura)
    refused = noura.pay(checkout["id"], grant, PIN, method="card")
    assert (refused.status, refused.code) == (409, "card_unavailable")
    assert shop.client.post("/v1/webhooks/stripe", data=b"{}").json["code"] == "card_unavailable"
    assert noura.pay(checkout["id"], grant, PIN).status == 201
