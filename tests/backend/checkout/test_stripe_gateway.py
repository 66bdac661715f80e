"""What the official SDK sends and how its answers are understood, against the API's own rules on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from stripe import WebhookSignature

from backend.adapters.stripe_gateway import API_VERSION, StripeGateway
from backend.checkout.ports import IntentState
from backend.errors import Refusal
from tests.loopback_stripe import SECRET_KEY, WEBHOOK_SECRET, LoopbackStripe

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHECKOUT = "0193a0aa-0000-7000-8000-000000000001"


@pytest.fixture
def stripe() -> Iterator[LoopbackStripe]:
    service = LoopbackStripe()
    yield service
    service.close()


@pytest.fixture
def gateway(stripe: LoopbackStripe) -> StripeGateway:
    return StripeGateway(SECRET_KEY, WEBHOOK_SECRET, url=stripe.url)


def refused(act) -> str:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.code


def test_a_checkout_has_one_intent_however_often_it_is_asked_for(stripe, gateway):
    made = [gateway.create(CHECKOUT, 23_00, "SAR") for _ in range(3)]
    assert len(stripe.intents) == 1
    assert {(one.ref, one.amount_minor, one.currency, one.checkout_id) for one in made} == {
        (made[0].ref, 23_00, "SAR", CHECKOUT)
    }
    assert made[0].client_secret == f"{made[0].ref}_secret_of_the_shopper"
    assert made[0].client_secret not in repr(made[0])


def test_an_intent_whose_answer_was_lost_is_found_by_asking_again(stripe, gateway):
    stripe.mood = "lost"
    assert refused(lambda: gateway.create(CHECKOUT, 23_00, "SAR")) == "gateway_unavailable"
    stripe.mood = "ok"
    assert gateway.create(CHECKOUT, 23_00, "SAR").ref in stripe.intents
    assert len(stripe.intents) == 1


def test_every_writing_call_carries_our_key_and_is_made_once(stripe, gateway):
    intent = gateway.create(CHECKOUT, 23_00, "SAR")
    stripe.confirm(intent.ref)
    gateway.refund("r1", intent.ref, 3_00)
    gateway.cancel(intent.ref)
    written = [(path, key) for method, path, key in stripe.calls if method == "POST"]
    assert written == [
        ("/v1/payment_intents", f"checkout:{CHECKOUT}"),
        ("/v1/refunds", "refund:r1"),
        (f"/v1/payment_intents/{intent.ref}/cancel", f"cancel:{intent.ref}"),
    ]


def test_what_became_of_an_intent_is_read_from_it(stripe, gateway):
    ref = gateway.create(CHECKOUT, 23_00, "SAR").ref
    assert gateway.find(ref).state is IntentState.PENDING
    stripe.decline(ref)
    assert gateway.find(ref).state is IntentState.FAILED
    stripe.confirm(ref)
    found = gateway.find(ref)
    assert (found.state, found.amount_minor) == (IntentState.CAPTURED, 23_00)


def test_cancelling_says_which_came_first(stripe, gateway):
    first, second = (gateway.create(name, 23_00, "SAR").ref for name in ("c1", "c2"))
    stripe.confirm(first)
    assert gateway.cancel(first).state is IntentState.CAPTURED
    assert gateway.cancel(second).state is IntentState.CANCELLED
    assert gateway.cancel(second).state is IntentState.CANCELLED


def test_a_refund_is_given_once_for_its_key_and_never_beyond_what_was_captured(stripe, gateway):
    ref = gateway.create(CHECKOUT, 23_00, "SAR").ref
    stripe.confirm(ref)
    assert gateway.refund("r1", ref, 20_00)
    assert gateway.refund("r1", ref, 20_00)
    assert not gateway.refund("r2", ref, 20_00)
    assert stripe.captured_minor == 3_00


def test_a_refund_is_given_once_even_if_its_answer_was_lost_for_longer_than_its_key_is_known(stripe, gateway):
    ref = gateway.create(CHECKOUT, 23_00, "SAR").ref
    stripe.confirm(ref)
    assert gateway.refund("r1", ref, 5_00)
    assert gateway.refund("r2", ref, 5_00)
    stripe.a_day_passes()
    assert gateway.refund("r1", ref, 5_00)
    assert stripe.captured_minor == 13_00
    stripe.refund_failed(stripe.refunds[0])
    assert not gateway.refund("r1", ref, 5_00)
    assert stripe.captured_minor == 18_00


def test_a_gateway_that_is_away_decides_nothing(stripe, gateway):
    ref = gateway.create(CHECKOUT, 23_00, "SAR").ref
    stripe.mood = "down"
    for act in (lambda: gateway.find(ref), lambda: gateway.cancel(ref), lambda: gateway.refund("r", ref, 1)):
        assert refused(act) == "gateway_unavailable"
    stripe.mood = "lost"
    for act in (lambda: gateway.cancel(ref), lambda: gateway.refund("r", ref, 1)):
        assert refused(act) == "gateway_unavailable"


def test_what_the_gateway_refuses_is_told_apart_from_its_being_away(stripe):
    gateway = StripeGateway(SECRET_KEY, WEBHOOK_SECRET, url=stripe.url)
    assert refused(lambda: gateway.find("pi_of_nobody")) == "card_unavailable"
    stranger = StripeGateway("sk_test_of_somebody_else", WEBHOOK_SECRET, url=stripe.url)
    assert refused(lambda: stranger.find("pi_of_nobody")) == "gateway_unavailable"


def test_the_version_of_the_api_is_ours_to_choose(gateway):
    assert gateway._client._requestor._options.stripe_version == API_VERSION


def captured(stripe, gateway):
    ref = gateway.create(CHECKOUT, 23_00, "SAR").ref
    stripe.confirm(ref)
    return stripe.event(ref)


def test_an_event_is_read_when_its_signature_is_right(stripe, gateway):
    event = gateway.read_event(*stripe.signed(captured(stripe, gateway), NOW), now=NOW)
    assert event.type == "payment_intent.succeeded"
    assert (event.intent.state, event.intent.amount_minor, event.intent.checkout_id) == (
        IntentState.CAPTURED,
        23_00,
        CHECKOUT,
    )


@pytest.mark.parametrize("late_s", [-301, 301])
def test_an_event_of_another_time_is_refused(stripe, gateway, late_s):
    raw, signature = stripe.signed(captured(stripe, gateway), NOW - timedelta(seconds=late_s))
    assert refused(lambda: gateway.read_event(raw, signature, now=NOW)) == "webhook_refused"


def test_a_second_time_stamp_does_not_make_an_old_event_young(stripe, gateway):
    raw, signature = stripe.signed(captured(stripe, gateway), NOW - timedelta(hours=1))
    again = f"{signature},t={int(NOW.timestamp())}"
    assert refused(lambda: gateway.read_event(raw, again, now=NOW)) == "webhook_refused"


@pytest.mark.parametrize(
    ("raw", "signature"),
    [
        (lambda raw: raw.replace(b"2300", b"9900"), lambda right: right),
        (lambda raw: raw + b" ", lambda right: right),
        (lambda raw: b"\xff" + raw, lambda right: right),
        (lambda raw: raw, lambda _right: ""),
        (lambda raw: raw, lambda _right: "t=,v1="),
        (lambda raw: raw, lambda right: right.replace("v1=", "v0=")),
        (lambda raw: raw, lambda right: right[:-1] + ("0" if right[-1] != "0" else "1")),
    ],
)
def test_bytes_that_the_gateway_did_not_sign_are_refused(stripe, gateway, raw, signature):
    body, right = stripe.signed(captured(stripe, gateway), NOW)
    act = lambda: gateway.read_event(raw(body), signature(right), now=NOW)  # noqa: E731
    assert refused(act) == "webhook_refused"


@pytest.mark.parametrize("body", ["[]", "7", '{"id": "evt_1"}', '{"id": 1, "type": 2, "data": []}', "{"])
def test_what_is_signed_but_no_event_is_refused(gateway, body):
    signature = WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET, int(NOW.timestamp()))
    assert refused(lambda: gateway.read_event(body.encode(), signature, now=NOW)) == "webhook_refused"


def test_an_event_about_something_else_or_of_another_account_has_no_intent(stripe, gateway):
    ours = captured(stripe, gateway)
    customer = ours | {"type": "customer.created", "data": {"object": {"object": "customer"}}}
    for event in (customer, ours | {"account": "acct_other"}):
        assert gateway.read_event(*stripe.signed(event, NOW), now=NOW).intent is None
    connected = StripeGateway(SECRET_KEY, WEBHOOK_SECRET, url=stripe.url, account="acct_other")
    assert connected.read_event(*stripe.signed(ours | {"account": "acct_other"}, NOW), now=NOW).intent
