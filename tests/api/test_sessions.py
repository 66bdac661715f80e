from __future__ import annotations

import pytest

from backend.api.auth import Remembered
from tests.api.own_phone import OwnPhone, hash_of

COOKIE_WISH = {"X-Refresh": "cookie"}


@pytest.fixture
def amal(app, services):
    amal = OwnPhone(app, services)
    amal.become_guest()
    assert amal.register().status_code == 200
    return amal


def test_an_account_signs_in_on_another_phone(app, services, amal):
    second = OwnPhone(app, services)
    answer = second.sign_in(" Amal ")
    assert answer.status_code == 201
    assert second.me()["id"] == amal.me()["id"] == answer.json["shopper_id"]


def test_a_refused_sign_in_does_not_say_what_was_wrong(app, services, amal):
    bodies = []
    for login in ("amal", "nobody", "\x07"):
        answer = OwnPhone(app, services).sign_in(login, "wrong")
        assert answer.status_code == 401
        bodies.append({name: value for name, value in answer.json.items() if name != "request_id"})
    assert bodies[0]["code"] == "sign_in_refused"
    assert bodies[0] == bodies[1] == bodies[2]


def test_a_phone_of_somebody_else_must_make_new_keys(app, services, amal):
    badr = OwnPhone(app, services)
    badr.become_guest()
    badr.register("badr")
    assert OwnPhone(app, services, badr.phone).sign_in("amal").json["code"] == "device_of_another"


def test_a_token_that_was_verified_before_is_no_pass_for_one_that_is_alike(amal):
    assert amal.send("GET", "/shoppers/me").status_code == 200
    good = amal.token
    for other in (good[:-8] + good[-8:].swapcase(), good + "A", good.rpartition(".")[0] + "."):
        amal.token = other
        assert amal.send("GET", "/shoppers/me").json["code"] == "sign_in_needed"
    amal.token = good
    assert amal.send("GET", "/shoppers/me").status_code == 200


def test_only_the_latest_tokens_are_remembered():
    remembered = Remembered(2)
    for name in ("first", "second", "third"):
        remembered.put(name, {"sub": name})
    assert [remembered.get(name) for name in ("first", "second")] == [None, {"sub": "second"}]


def test_a_refresh_renews_the_access_token_and_rotates(amal):
    first = amal.refresh_token
    answer = amal.refresh(first)
    assert answer.status_code == 200
    assert answer.json["refresh_token"] not in (None, first)
    assert amal.me()["login"] == "amal"


def test_an_access_token_ends_by_the_shops_clock_whatever_the_machines_says(amal):
    lifetime_s = amal.services.settings.access_lifetime.total_seconds()
    amal.services.clock.move(seconds=lifetime_s - 1)
    assert amal.send("GET", "/shoppers/me").status_code == 200
    amal.services.clock.move(seconds=1)
    assert amal.send("GET", "/shoppers/me").json["code"] == "sign_in_needed"
    amal.services.clock.move(hours=-2)
    assert amal.send("GET", "/shoppers/me").status_code == 200, (
        "made for a time that this clock has not passed"
    )


def test_a_stolen_refresh_token_is_worth_nothing_on_another_device(app, services, amal):
    assert amal.send("GET", "/shoppers/me").status_code == 200
    thief = OwnPhone(app, services)
    thief.become_guest()
    assert thief.refresh(amal.refresh_token).json["code"] == "session_ended"
    answer = amal.send("GET", "/shoppers/me")
    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")


def test_once_the_new_access_token_was_used_the_old_refresh_token_is_a_stolen_one(amal):
    first = amal.refresh_token
    amal.refresh(first)
    amal.services.clock.move(seconds=11)
    assert amal.refresh(first).status_code == 200, "nobody used the successor: the answer may have been lost"
    assert amal.me()["login"] == "amal"
    assert amal.refresh(first).json["code"] == "session_ended"
    assert amal.send("GET", "/shoppers/me").status_code == 401


def test_a_refresh_needs_the_proof_of_a_known_device(app, services, amal):
    unknown = OwnPhone(app, services)
    assert unknown.refresh(amal.refresh_token).json["code"] == "device_proof_refused"
    answer = amal.send("POST", "/sessions/refresh", {"refresh_token": amal.refresh_token})
    assert answer.json["code"] == "device_proof_refused"


def test_a_browser_keeps_the_refresh_token_where_no_script_can_read_it(app, services):
    page = OwnPhone(app, services)
    answer = page.become_guest(**COOKIE_WISH)
    assert answer.json["refresh_token"] is None
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-refresh=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    assert page.refresh(**COOKIE_WISH).status_code == 200
    assert page.me()["guest"]


def test_the_cookie_counts_only_for_our_own_page(app, services):
    page = OwnPhone(app, services)
    page.become_guest(**COOKIE_WISH)
    assert page.refresh().json["code"] == "session_ended"
    foreign = COOKIE_WISH | {"Sec-Fetch-Site": "cross-site"}
    assert page.refresh(**foreign).json["code"] == "session_ended"


def test_a_proof_made_for_another_access_token_is_refused(services, amal):
    old = amal.token
    services.clock.move(seconds=1)
    amal.refresh(amal.refresh_token)
    path, body = "/v1/shoppers/me/pin", b'{"pin": "739154"}'
    proof = amal.phone.proof("PUT", path, body, at_s=services.clock.now().timestamp(), ath=hash_of(old))
    headers = {"Authorization": f"Bearer {amal.token}", "Device-Proof": proof}
    sent = {"data": body, "content_type": "application/json", "headers": headers}
    assert amal.client.put(path, **sent).json["code"] == "device_proof_refused"


def test_signing_out_ends_the_session_and_the_device(amal):
    token = amal.refresh_token
    assert amal.send("DELETE", "/sessions/current").status_code == 204
    assert amal.send("GET", "/shoppers/me").status_code == 401
    assert amal.refresh(token).json["code"] == "session_ended"
    assert amal.sign_in().status_code == 201


def test_neither_password_nor_token_stands_in_a_refusal(app, services, amal):
    answer = OwnPhone(app, services).sign_in("amal", "secret words")
    assert "secret words" not in answer.text
    assert amal.token not in answer.text
