"""A shopper's way through the public API: from a guest's first scan to a paid order."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backend.api.app import create_app
from backend.db.outbox import Kind
from backend.identity import consents
from tests.backend.checkout.till import PIN
from tests.fakes import NamedFaces
from tests.whole_shop import PASSWORD, WholeShop, a_key


def test_a_guest_scans_registers_enrols_and_pays_with_face_and_pin(shop):
    noura = shop.shopper()
    checkout, grant = shop.granted(noura)
    paid = noura.pay(checkout["id"], grant, PIN)
    assert (paid.status, paid.json["message"]) == (201, "payment_success")
    assert noura.call("GET", "/v1/wallet").json["balance_minor"] == 100_00 - 23_00
    assert noura.call("GET", f"/v1/orders/{paid.json['order']['id']}").json["state"] == "paid"


def test_registering_keeps_the_cart_that_the_guest_had_filled(shop):
    guest = shop.guest()
    cart = shop.cart(guest, "DATES")
    guest.register("noura", PASSWORD, "Noura")
    assert guest.call("GET", "/v1/carts/current?store=R1").json["cart"]["id"] == cart["id"]


def test_a_match_and_a_stranger_get_the_same_answer_byte_for_byte(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    match, stranger = (noura.show_face(checkout["id"], [shop.face(who)]) for who in ("noura", "huda"))
    assert (match.status, match.body) == (stranger.status, stranger.body)
    assert match.headers.keys() == stranger.headers.keys()


def test_a_strangers_face_alerts_the_owners_device_and_gives_no_grant(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    noura.show_face(checkout["id"], [shop.face("huda")])
    shop.deliver()
    kinds = [message["kind"] for message in noura.inbox()]
    assert Kind.FACE_REFUSED in kinds
    assert Kind.GRANT_ISSUED not in kinds


def test_five_strange_faces_stop_further_comparisons_for_a_while(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    for take in range(5):
        noura.show_face(checkout["id"], [shop.face("huda", take)])
    noura.show_face(checkout["id"], [shop.face("noura")])
    shop.deliver()
    assert Kind.GRANT_ISSUED not in [message["kind"] for message in noura.inbox()]
    shop.clock.move(seconds=31)
    noura.show_face(checkout["id"], [shop.face("noura")])
    assert shop.message(noura, "grant.issued")


def test_pictures_that_cannot_be_used_cost_no_try(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    for _ in range(6):
        assert noura.show_face(checkout["id"], [b"the ceiling"]).code == "picture_format"
    noura.show_face(checkout["id"], [shop.face("noura")])
    assert shop.message(noura, "grant.issued")


@pytest.mark.parametrize("name", ["noura", "huda"])
def test_an_amount_beyond_the_policy_is_refused_before_anybody_looks_at_the_face(shop, name):
    noura = shop.shopper()
    shop.shelf.put("GOLD", price_minor=1_000_001)
    checkout = shop.checkout(noura, "GOLD")
    assert noura.show_face(checkout["id"], [shop.face(name)]).code == "payment_refused"
    password = {"password": PASSWORD if name == "noura" else "no"}
    path = f"/v1/checkouts/{checkout['id']}/password"
    assert noura.call("POST", path, password, proved=True).code == "payment_refused"


@pytest.mark.parametrize("name", ["noura", "huda"])
def test_a_checkout_cancelled_during_the_comparison_does_not_tell_who_matched(shop, name):
    class Meanwhile(NamedFaces):
        def compare(self, probe, references):
            assert noura.call("DELETE", f"/v1/checkouts/{checkout['id']}").status == 204
            return super().compare(probe, references)

    noura = shop.shopper()
    checkout = shop.checkout(noura)
    services = replace(shop.services, faces=Meanwhile())
    shop.client = create_app(services).test_client()
    seen = noura.show_face(checkout["id"], [shop.face(name)])
    assert (seen.status, seen.json) == (202, {"state": "received"})
    shop.deliver()
    assert Kind.GRANT_ISSUED not in [message["kind"] for message in noura.inbox()]


def test_without_consent_no_face_is_compared_even_if_the_erasure_was_cut_off(shop):
    noura, at = shop.shopper(), shop.services
    checkout = shop.checkout(noura)
    at.run(lambda tx: consents.withdraw(tx, noura.shopper_id, now=shop.clock.now(), ids=at.ids))
    assert noura.show_face(checkout["id"], [shop.face("noura")]).code == "consent_missing"


def test_without_a_face_the_password_leads_to_the_same_grant(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    path = f"/v1/checkouts/{checkout['id']}/password"
    wrong, right = (noura.call("POST", path, {"password": p}, proved=True) for p in ("no", PASSWORD))
    assert (wrong.status, wrong.body) == (right.status, right.body)
    grant = noura.open(shop.message(noura, "grant.issued")["sealed"])
    assert noura.pay(checkout["id"], grant, PIN).status == 201


def test_a_challenge_answers_only_once(shop):
    noura = shop.shopper()
    checkout = shop.checkout(noura)
    path = f"/v1/checkouts/{checkout['id']}"
    nonce = noura.call("POST", f"{path}/challenge", {}, proved=True).json["nonce"]
    answers = [
        noura.call("POST", f"{path}/face", proved=True, fields=[("nonce", nonce)], files=[("frame", face)])
        for face in (shop.face("noura"), shop.face("noura"))
    ]
    assert [answers[0].status, answers[1].code] == [202, "challenge_refused"]


def test_arabic_digits_are_the_same_pin(shop):
    noura = shop.shopper()
    checkout, grant = shop.granted(noura)
    arabic = PIN.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert noura.pay(checkout["id"], grant, arabic).status == 201


def test_another_shoppers_checkout_order_and_cart_do_not_exist(shop):
    noura, huda = shop.shopper("noura"), shop.shopper("huda")
    checkout, grant = shop.granted(noura)
    order = noura.pay(checkout["id"], grant, PIN).json["order"]
    paths = (f"/v1/checkouts/{checkout['id']}", f"/v1/orders/{order['id']}")
    assert [huda.call("GET", path).status for path in paths] == [404, 404]
    assert huda.open_checkout(checkout["cart_id"]).code == "cart_not_found"


def test_a_second_device_of_the_shopper_cannot_use_the_first_ones_checkout(shop):
    noura = shop.shopper()
    checkout, grant = shop.granted(noura)
    tablet = shop.device()
    assert tablet.sign_in("noura", PASSWORD).status == 201
    assert tablet.pay(checkout["id"], grant, PIN).code == "checkout_not_found"


def test_a_request_without_the_devices_proof_pays_nothing(shop):
    noura = shop.shopper()
    checkout, grant = shop.granted(noura)
    body = {"grant": grant, "pin": PIN}
    refused = noura.call("POST", f"/v1/checkouts/{checkout['id']}/pay", body, key=a_key())
    assert refused.code == "device_proof_refused"


def test_a_price_that_rose_asks_for_a_new_look_and_one_that_fell_is_taken_over(shop):
    guest = shop.guest()
    cart = shop.cart(guest, "DATES")
    shop.shelf.price("DATES", 25_00, since=shop.clock.now())
    refused = guest.open_checkout(cart["id"])
    assert (refused.status, refused.code) == (409, "cart_changed")
    shop.clock.move(seconds=1)
    shop.shelf.price("DATES", 20_00, since=shop.clock.now())
    assert guest.open_checkout(cart["id"]).json["total_minor"] == 20_00


def test_the_same_key_opens_the_same_checkout(shop):
    guest = shop.guest()
    cart = shop.cart(guest)
    key = a_key()
    first, second = (guest.open_checkout(cart["id"], key=key) for _ in range(2))
    assert first.body == second.body


def test_the_document_describes_every_call_of_the_api(shop):
    document = json.loads(shop.client.get("/openapi.json").data)
    rules = {
        rule.rule for rule in shop.client.application.url_map.iter_rules() if rule.rule.startswith("/v1")
    }
    assert document["openapi"] == "3.1.0"
    assert len([path for path in document["paths"] if path.startswith("/v1")]) == len(rules)


@pytest.mark.parametrize("page", ["/docs", "/docs/problems"])
def test_the_documentation_is_served_without_a_script(shop: WholeShop, page):
    answer = shop.client.get(page)
    assert answer.status_code == 200
    assert b"<script" not in answer.data
