"""Open screens ask often and cost little."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import event

from admin_panel import live
from tests.staff_floor import TEA


@pytest.fixture
def statements(floor):
    seen = []
    event.listen(floor.services.run.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    return seen


@pytest.fixture
def time(monkeypatch, floor, browse):
    """Moves the clock that the screens go by."""
    now = [100.0]
    screens = live.Screens(floor.services.run, monotonic=lambda: now[0])
    browse("manager").client.application.extensions["screens"] = screens

    def move(seconds):
        now[0] += seconds

    return move


def ask(browser, etag=""):
    return browser.client.get("/staff/R1/queue/fragment", headers={"If-None-Match": etag})


def test_four_idle_screens_cost_half_a_query_a_second_each(floor, browse, statements, time):
    screens = [browse("manager") for _ in range(4)]
    for screen in screens:
        etag = ask(screen).headers["ETag"]
    statements.clear()
    for _ in range(20):  # ten seconds
        for screen in screens:
            assert ask(screen, etag).status_code == 304
        time(0.5)
    assert len(statements) <= 20


def test_an_order_appears_at_the_first_look_after_it(floor, browse, time):
    screen = browse("manager")
    first = ask(screen)
    floor.sell([TEA])
    time(live.LOOK_S)
    second = ask(screen, first.headers["ETag"])
    assert second.status_code == 200
    assert re.search(r'data-number="1"', second.text)


def test_a_screen_is_read_anew_now_and_then_and_asks_who_is_there(browse, time):
    screen = browse("manager")
    answer = ask(screen)
    time(live.BELIEVED_S)
    screen.client.delete_cookie("staff_session", path="/staff")
    assert ask(screen, answer.headers["ETag"]).status_code == 303
