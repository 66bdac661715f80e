import base64
import re

import pytest

from tests.staff_floor import PASSWORD


def test_a_stranger_is_led_to_the_sign_in(visitor):
    for path in ("/staff", "/staff/R1/queue", "/staff/R1/sales", "/staff/R1/queue/fragment"):
        answer = visitor.client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/sign-in")


def test_signing_in_leads_to_the_queue_of_the_own_store(browse):
    first = browse("packer").client.get("/staff", follow_redirects=True)
    assert first.request.path == "/staff/R1/queue"


def test_the_session_cookie_is_for_this_site_and_no_script(visitor):
    page = visitor.get("/staff/sign-in")
    answer = visitor.send(page, "/staff/sign-in", login="packer", password=PASSWORD)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("staff_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/staff" in cookie


def test_over_https_no_cookie_ever_leaves_it(visitor):
    page = visitor.client.get("/staff/sign-in", base_url="https://localhost")
    token = re.search(r'name="form_token" value="(\w+)"', page.text)[1]
    fields = {"login": "packer", "password": PASSWORD, "form_token": token}
    answer = visitor.client.post("/staff/sign-in", data=fields, base_url="https://localhost")
    cookies = [*page.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert any(cookie.startswith("staff_session=") for cookie in cookies)
    assert [cookie for cookie in cookies if "Max-Age=0" not in cookie and "Secure" not in cookie] == []


@pytest.mark.parametrize(
    "content", [b"[" * 3000, b"[]", b"{}", b'{"key": 1}', b"\xff", b"null", b'{"key": "topped_up"}']
)
def test_a_notice_that_somebody_made_up_does_no_harm(visitor, content):
    visitor.client.set_cookie("staff_notice", base64.urlsafe_b64encode(content).decode(), path="/staff")
    assert visitor.client.get("/staff/sign-in").status_code == 200


def test_a_wrong_password_is_refused_in_words(visitor):
    page = visitor.sent(visitor.get("/staff/sign-in"), "/staff/sign-in", login="packer", password="wrong")
    assert "Login or password is wrong" in page.text
    assert "Login or password is wrong" not in visitor.get("/staff/sign-in").text


@pytest.mark.parametrize("token", ["", "forged"])
def test_a_sign_in_without_the_form_s_token_is_refused(visitor, token):
    visitor.get("/staff/sign-in")
    fields = {"login": "packer", "password": PASSWORD, "form_token": token}
    answer = visitor.client.post("/staff/sign-in", data=fields)
    assert answer.status_code == 403
    assert visitor.client.get("/staff").headers["Location"] == "/staff/sign-in"


def test_signing_out_ends_the_session_everywhere(browse):
    browser = browse("packer")
    page = browser.get("/staff/R1/queue")
    cookie = browser.client.get_cookie("staff_session", path="/staff")
    browser.send(page, "/staff/sign-out")
    browser.client.set_cookie("staff_session", cookie.value, path="/staff")
    assert browser.client.get("/staff/R1/queue").headers["Location"] == "/staff/sign-in"


def test_the_language_is_chosen_once_and_kept(browse):
    browser = browse("manager")
    assert browser.client.get("/staff/R1/sales?day=2026-01-02&lang=ar").headers["Location"] == (
        "/staff/R1/sales?day=2026-01-02"
    )
    page = browser.get("/staff/R1/sales")
    assert page.language == {"lang": "ar", "dir": "rtl"}
    assert "المبيعات" in page.text


def test_choosing_a_language_never_leads_away(browse):
    browser = browse("packer")
    for lure in ("_scheme=evil&_external=1", "_method=NONE", "store=R2", "_anchor=x"):
        target = browser.client.get(f"/staff/R1/queue?{lure}&lang=ar").headers["Location"]
        assert target == f"/staff/R1/queue?{lure}"
