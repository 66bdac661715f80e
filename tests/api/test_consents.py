from __future__ import annotations

import hashlib

import pytest

from tests.api.own_phone import OwnPhone
from tests.api.test_faces import send_picture


@pytest.fixture
def amal(app, services):
    amal = OwnPhone(app, services)
    amal.become_guest()
    return amal


def test_the_words_can_be_read_before_anything_else_in_both_languages(amal):
    amal.token = ""
    known = amal.send("GET", "/consents/face").json
    for language in ("en", "ar"):
        assert hashlib.sha256(known["texts"][language].encode()).hexdigest() == known["sha256"][language]


def test_agreeing_is_seen_and_can_be_taken_back_with_all_that_came_of_it(amal):
    answer = amal.consent()
    assert (answer.status_code, answer.json["language"]) == (200, "ar")
    for number in range(3):
        send_picture(amal, f"face of Amal, take {number}".encode())
    assert (amal.me()["face"]["consented"], amal.me()["face"]["templates"]) == (True, 3)
    for _ in range(2):
        assert amal.signed("DELETE", "/shoppers/me/consents/face").status_code == 204
    assert (amal.me()["face"]["consented"], amal.me()["face"]["templates"]) == (False, 0)
    assert send_picture(amal).json["code"] == "consent_missing"


def test_agreeing_to_other_words_is_refused(amal):
    body = {"version": "old", "language": "en", "text_sha256": "0" * 64}
    answer = amal.signed("PUT", "/shoppers/me/consents/face", body)
    assert (answer.status_code, answer.json["code"]) == (409, "consent_text_changed")
