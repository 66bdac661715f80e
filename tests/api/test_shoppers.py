from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from backend.api.app import create_app
from backend.db.audit import audit_entries
from tests.api.own_phone import PASSWORD, OwnPhone


@pytest.fixture
def amal(app, services):
    amal = OwnPhone(app, services)
    assert amal.become_guest().status_code == 201
    return amal


def test_a_first_visit_makes_a_guest_without_a_question(app, services):
    visitor = OwnPhone(app, services)
    answer = visitor.become_guest()
    assert answer.status_code == 201
    assert (answer.json["device_id"], answer.json["expires_in_s"]) == (visitor.phone.id, 600)
    assert visitor.me() == {
        "id": answer.json["shopper_id"],
        "login": None,
        "display_name": None,
        "guest": True,
        "language": "ar",
        "has_pin": False,
        "face": {
            "consented": False,
            "templates": 0,
            "templates_min": 3,
            "templates_max": 10,
            "model": "named-faces-1",
            "outdated": False,
        },
        "wallet": {"balance_minor": 0, "currency": "SAR"},
    }


def test_a_guest_whose_proof_was_made_by_another_key_is_refused(app, services):
    visitor = OwnPhone(app, services)
    stranger = OwnPhone(app, services)
    body = {"device": stranger.device(), "language": "en"}
    answer = visitor.send("POST", "/shoppers", body, proof="key")
    assert (answer.status_code, answer.json["code"]) == (401, "device_proof_refused")


def test_a_private_key_is_not_taken(app, services):
    visitor = OwnPhone(app, services)
    device = visitor.device() | {"jwk_enc": visitor.phone.opens.as_dict(private=True)}
    answer = visitor.send("POST", "/shoppers", {"device": device, "language": "en"}, proof="key")
    assert (answer.status_code, answer.json["code"]) == (422, "device_key_refused")


def test_the_same_proof_makes_one_guest_only(app, services, amal):
    body = {"device": amal.device(), "language": "en"}
    first = amal.send("POST", "/shoppers", body, proof="key")
    assert (first.status_code, first.json["code"]) == (409, "device_of_another")


def test_a_guest_registers_and_stays_the_same_shopper(amal):
    guest = amal.me()
    account = amal.register().json
    assert (account["id"], account["login"], account["guest"]) == (guest["id"], "amal", False)


MISFITS = (
    ({"password": "short"}, "password_too_short"),
    ({"password": "Password123"}, "password_common"),
    ({"login": "a b"}, "login_malformed"),
    ({"display_name": "\u202eAmal"}, "display_name_malformed"),
    ({"admin": True}, "invalid_body"),
)


def test_a_registration_that_does_not_fit_says_why(amal):
    for changes, code in MISFITS:
        answer = amal.register(**changes)
        assert (answer.status_code, answer.json["code"]) == (422, code)
    assert amal.me()["guest"]


def test_a_login_is_given_once(app, services, amal):
    amal.register()
    other = OwnPhone(app, services)
    other.become_guest()
    assert other.register("AMAL").json["code"] == "login_taken"


def choose(person, pin, **more):
    return person.send("PUT", "/shoppers/me/pin", {"pin": pin, **more}, proof="kid")


def test_a_pin_is_chosen_with_arabic_digits_too(amal):
    assert choose(amal, "٧٣٩١٥٤").status_code == 204
    assert amal.me()["has_pin"]


def test_a_pin_that_is_guessed_or_malformed_is_refused(amal):
    for pin, code in (("123456", "pin_too_common"), ("12345", "pin_malformed")):
        answer = choose(amal, pin)
        assert (answer.status_code, answer.json["code"]) == (422, code)
        assert pin not in answer.text


def test_a_pin_needs_the_device_not_only_the_token(amal):
    answer = amal.send("PUT", "/shoppers/me/pin", {"pin": "739154"})
    assert (answer.status_code, answer.json["code"]) == (401, "device_proof_refused")


def test_changing_the_pin_takes_the_password(amal):
    choose(amal, "739154")
    assert choose(amal, "480697").json["code"] == "password_missing"
    amal.register()
    assert choose(amal, "480697", password="wrong wrong").json["code"] == "password_wrong"
    assert choose(amal, "480697", password=PASSWORD).status_code == 204


def test_guessing_the_password_to_change_the_pin_is_locked_after_five(amal):
    choose(amal, "739154")
    amal.register()
    for _ in range(5):
        choose(amal, "480697", password="wrong wrong")
    assert choose(amal, "480697", password=PASSWORD).json["code"] == "password_wrong"
    amal.services.clock.move(seconds=30)
    assert choose(amal, "480697", password=PASSWORD).status_code == 204


def test_one_network_brings_so_many_guests_an_hour_and_no_more(services):
    few = replace(services, settings=replace(services.settings, guests_per_hour_max=2))
    app = create_app(few)
    assert [OwnPhone(app, few).become_guest().status_code for _ in range(3)] == [201, 201, 429]
    few.clock.move(hours=1)
    assert OwnPhone(app, few).become_guest().status_code == 201


@pytest.mark.parametrize(("proxies", "statuses"), [(0, [201, 429]), (1, [201, 201])])
def test_only_a_trusted_proxy_is_asked_where_a_visitor_comes_from(services, proxies, statuses):
    settings = replace(services.settings, guests_per_hour_max=1, trusted_proxies=proxies)
    one = replace(services, settings=settings)
    app = create_app(one)
    visitors = [{"X-Forwarded-For": f"192.0.{number}.1"} for number in (1, 2)]
    assert [OwnPhone(app, one).become_guest(**v).status_code for v in visitors] == statuses


def test_whoever_has_but_the_password_cannot_change_the_pin_on_a_new_device_for_a_day(amal):
    choose(amal, "739154")
    amal.register()
    amal.services.clock.move(minutes=1)
    thief = OwnPhone(amal.app, amal.services)
    assert thief.sign_in().status_code == 201
    assert choose(thief, "480697", password=PASSWORD).json["code"] == "device_too_new"
    assert choose(amal, "480697", password=PASSWORD).status_code == 204
    amal.services.clock.move(hours=24)
    for person in (amal, thief):
        person.sign_in()
    assert choose(thief, "629480", password=PASSWORD).status_code == 204


def test_choosing_and_changing_the_pin_is_audited_without_it(amal):
    choose(amal, "739154")
    amal.register()
    choose(amal, "480697", password=PASSWORD)
    rows = amal.services.run.read(lambda tx: tx.execute(select(audit_entries)).mappings().all())
    assert [row["action"] for row in rows if row["action"].startswith("pin.")] == [
        "pin.chosen",
        "pin.changed",
    ]
    assert "480697" not in str(rows)
