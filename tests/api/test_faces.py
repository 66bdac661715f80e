from __future__ import annotations

import base64
import io

import pytest

from backend.api.pictures import from_base64
from backend.errors import Refusal
from tests.api.own_phone import OwnPhone
from tests.ml.pictures import encoded, wall

PICTURE = b"face of Amal, take 1"


def send_picture(person, content=PICTURE, **parts):
    form = {"picture": (io.BytesIO(content), "face.jpg"), **parts}
    return person.signed("POST", "/shoppers/me/faces", data=form, content_type="multipart/form-data")


@pytest.fixture
def amal(app, services):
    amal = OwnPhone(app, services)
    amal.become_guest()
    amal.consent()
    return amal


def test_pictures_are_counted_up_to_the_number_needed(amal):
    answers = [send_picture(amal) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert [answer.json["templates"] for answer in answers] == [1, 2, 3]
    assert answers[0].json["templates_min"] == 3


def test_base64_in_json_is_taken_as_well(amal):
    for prefix in ("", "data:image/jpeg;base64,"):
        body = {"picture": prefix + base64.b64encode(PICTURE).decode()}
        assert amal.signed("POST", "/shoppers/me/faces", body).status_code == 201


@pytest.mark.parametrize(
    "text",
    [
        "====",
        "YQ",
        "YQ=",
        "YR==",
        "Y Q==",
        "YQ==\n",
        "-_-_",
        "data:image/jpeg;base64,",
        "data:image/svg+xml;base64,YQ==",
        "data:image/jpeg;base64,data:image/jpeg;base64,YQ==",
    ],
)
def test_base64_in_any_other_form_is_refused(text):
    with pytest.raises(Refusal, match="picture_encoding"):
        from_base64(text)


def test_the_face_of_somebody_else_is_refused(amal):
    send_picture(amal)
    answer = send_picture(amal, b"face of Badr, take 1")
    assert (answer.status_code, answer.json["code"]) == (422, "face_differs")


def test_a_picture_without_a_face_is_refused(amal):
    answer = send_picture(amal, encoded(wall()))
    assert (answer.status_code, answer.json["code"]) == (422, "no_face")


def test_unexpected_parts_are_refused(amal):
    assert send_picture(amal, shopper_id="another").json["code"] == "invalid_body"
    answer = amal.signed("POST", "/shoppers/me/faces", data={}, content_type="multipart/form-data")
    assert answer.json["code"] == "invalid_body"


def test_another_content_type_is_refused(amal):
    answer = amal.signed("POST", "/shoppers/me/faces", data=PICTURE, content_type="image/jpeg")
    assert (answer.status_code, answer.json["code"]) == (415, "wrong_content_type")


def test_a_body_beyond_the_limit_is_refused(amal):
    kind = "multipart/form-data; boundary=part"
    answer = amal.signed("POST", "/shoppers/me/faces", data=b"x" * 14_000_001, content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (413, "body_too_large")


def test_a_picture_never_touches_the_disk(amal, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a temporary file was opened")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", refuse)
    part = b'--part\r\nContent-Disposition: form-data; name="picture"; filename="f"\r\n\r\n'
    content = part + PICTURE + b"," + b"x" * 2_000_000 + b"\r\n--part--\r\n"
    kind = "multipart/form-data; boundary=part"
    assert amal.signed("POST", "/shoppers/me/faces", data=content, content_type=kind).status_code == 201


def test_deleting_the_face_keeps_the_consent(amal):
    send_picture(amal)
    for _ in range(2):
        assert amal.signed("DELETE", "/shoppers/me/faces").status_code == 204
    assert (amal.me()["face"]["consented"], amal.me()["face"]["templates"]) == (True, 0)


def test_nobody_enrols_without_signing_in(amal):
    amal.token = ""
    assert send_picture(amal).status_code == 401
