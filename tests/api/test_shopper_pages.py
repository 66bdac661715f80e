"""The shell of the phone pages, and the files it loads."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.api.storefront import Storefront

ADDRESSES = [
    "/",
    "/scan",
    "/cart",
    "/pay",
    "/enrol",
    "/me",
    "/wallet",
    "/inbox",
    "/orders/0190",
    "/01/02000000000008",
]


@pytest.fixture
def browser(front: Storefront) -> FlaskClient:
    return front.app.test_client()


def assets(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/app/[^"#]+)', page)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_of_the_app_is_the_shell(browser: FlaskClient, address: str) -> None:
    answer = browser.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize(
    ("accepted", "cookie", "shown"),
    [
        ("en-GB,en;q=0.9", None, ("en", "ltr")),
        ("ar-SA,ar;q=0.9,en;q=0.5", None, ("ar", "rtl")),
        ("fr", None, ("en", "ltr")),
        ("en", "ar", ("ar", "rtl")),
        ("en", "../../etc", ("en", "ltr")),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers(
    browser: FlaskClient, accepted: str, cookie: str | None, shown: tuple[str, str]
) -> None:
    if cookie:
        browser.set_cookie("language", cookie)
    page = browser.get("/", headers={"Accept-Language": accepted}).text
    assert re.findall(r'<html lang="(\w+)" dir="(\w+)"', page) == [shown]


def test_a_page_runs_own_scripts_only(browser: FlaskClient) -> None:
    policy = browser.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "unsafe-inline" not in policy


def test_the_shells_files_exist_and_may_be_kept_for_ever(browser: FlaskClient) -> None:
    named = assets(browser.get("/").text)
    assert len(named) > 10
    for name in named:
        with browser.get(name) as answer:
            assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True), name
            assert not name.endswith(".js") or answer.mimetype == "text/javascript"


@pytest.mark.parametrize(
    "address", ["/app/000000000000/app.js", "{at}/../templates/shell.html", "{at}/none.js", "{at}/"]
)
def test_nothing_but_this_versions_files_is_served(browser: FlaskClient, address: str) -> None:
    at = assets(browser.get("/").text)[0].rpartition("/")[0]
    assert browser.get(address.format(at=at)).status_code == 404
