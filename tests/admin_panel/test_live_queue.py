"""The one part of the staff pages that needs a script, in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from admin_panel import blueprint
from tests.staff_floor import PASSWORD, Floor

WAIT_MS = 8_000


@pytest.fixture
def address(floor: Floor) -> Iterator[str]:
    blueprint.register(floor.app, floor.services)
    server = make_server("127.0.0.1", 0, floor.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def queue(address: str, chromium: Browser) -> Iterator[Page]:
    """The manager's queue in Chromium; anything in the console fails the test."""
    page = chromium.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}/staff/sign-in")
    page.fill("#login", "manager")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/R1/queue")
    yield page
    page.close()
    assert said == []


@pytest.mark.browser
def test_a_paid_order_appears_is_announced_and_disturbs_no_typing(floor, queue):
    waiting = floor.sell()
    floor.make_ready("packer", waiting)
    code = queue.locator(f"#code-{waiting}")
    code.wait_for(timeout=WAIT_MS)
    code.fill("123")
    paid = floor.sell()
    queue.locator(f"#order-{paid}").wait_for(timeout=WAIT_MS)
    assert queue.locator("#announcer").text_content() == "New order 2"
    assert code.input_value() == "123"
    assert queue.evaluate("document.activeElement.id") == f"code-{waiting}"
    assert queue.locator("#live-state").text_content() == "Live"
