from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from backend.db.audit import audit_entries
from backend.identity import devices, sessions
from backend.operations.shopper_device import DeviceKeys
from tests.backend.identity.keys import tokens
from tests.backend.identity.people import IDS, NOW, a_shopper, after


@pytest.fixture
def phone():
    return DeviceKeys()


@pytest.fixture
def session(run, phone):
    shopper_id = a_shopper(run, phone)
    session_id = IDS.uuid7()
    return run(
        lambda tx: sessions.open_session(
            tx, session_id=session_id, shopper_id=shopper_id, device_id=phone.id, now=NOW
        )
    )


def token(session, number):
    return tokens().refresh_token(session.id, number, session.device_id)


def renew(run, text, phone, now=NOW):
    renewed = run(lambda tx: sessions.renew(tx, text, device_id=phone.id, tokens=tokens(), now=now, ids=IDS))
    return None if renewed is None else renewed.refresh_token


def is_live(run, session, now=NOW):
    return run.read(lambda tx: sessions.live(tx, session.id, now=now)) is not None


def test_a_refresh_token_is_followed_by_the_next(run, session, phone):
    assert renew(run, token(session, 0), phone) == token(session, 1)


def test_eight_refreshes_at_once_get_the_same_successor(run, session, phone):
    barrier = Barrier(8)

    def refresh(_):
        barrier.wait()
        return renew(run, token(session, 0), phone)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(refresh, range(8))) == {token(session, 1)}
    assert is_live(run, session)


def test_an_answer_lost_on_its_way_signs_nobody_out(run, session, phone):
    renew(run, token(session, 0), phone)
    assert renew(run, token(session, 0), phone, after(hours=20)) == token(session, 1)


def test_the_parent_of_a_used_token_ends_the_session_after_the_grace(run, session, phone):
    renew(run, token(session, 0), phone)
    run(lambda tx: sessions.confirm(tx, session.id, 1))
    assert renew(run, token(session, 0), phone, after(seconds=9)) == token(session, 1)
    assert renew(run, token(session, 0), phone, after(seconds=11)) is None
    assert not is_live(run, session)
    assert reuse_reports(run) == 1


def test_a_grandparent_ends_the_session_at_once(run, session, phone):
    for number in range(2):
        renew(run, token(session, number), phone)
    assert renew(run, token(session, 0), phone) is None
    assert not is_live(run, session)


def test_a_token_shown_by_another_device_ends_the_session(run, session):
    assert renew(run, token(session, 0), DeviceKeys()) is None
    assert not is_live(run, session)


def test_a_made_up_token_is_refused_and_harms_nobody(run, session, phone):
    good = token(session, 0)
    flipped = good[:-1] + ("A" if good[-1] != "A" else "B")
    for made_up in (flipped, good + "A", good.replace(".0.", ".1."), "", "a.b.c", good.upper()):
        assert renew(run, made_up, phone) is None
    assert is_live(run, session)


def test_a_session_ends_after_seven_idle_days_and_after_thirty_in_all(run, session, phone):
    assert renew(run, token(session, 0), phone, after(days=7)) is None
    for number, day in enumerate((6, 12, 18, 24, 29)):
        assert renew(run, token(session, number), phone, after(days=day)) == token(session, number + 1)
    assert renew(run, token(session, 5), phone, after(days=30)) is None


def test_a_device_that_was_ended_has_no_session(run, session, phone):
    run(lambda tx: devices.end(tx, session.shopper_id, phone.id, now=NOW))
    assert not is_live(run, session)
    assert renew(run, token(session, 0), phone) is None


def reuse_reports(run):
    count = select(func.count()).where(audit_entries.c.action == "session.reuse_detected")
    return run.read(lambda tx: tx.execute(count).scalar_one())
