from __future__ import annotations

import os

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError

from backend.db.transaction import CONNECTION_LOST, OutcomeUnknown, Runner, engine_for
from backend.identity.tables import shoppers
from tests.backend.identity.people import a_shopper


def test_a_transaction_inside_another_is_a_mistake_that_says_so(run):
    with pytest.raises(RuntimeError, match="inside a transaction"):
        run(lambda _tx: run(lambda tx: tx))
    assert run(lambda tx: tx.execute(text("SELECT 1")).scalar_one()) == 1


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(run):
    def read(tx):
        def known():
            return tx.execute(select(func.count()).select_from(shoppers)).scalar_one()

        before = known()
        a_shopper(run)
        return before, known()

    assert run.read(read) == (0, 0)
    assert run.read(read) == (1, 1)


def test_readers_of_one_moment_see_the_same_whatever_is_written_meanwhile(run):
    def known(tx):
        return tx.execute(select(func.count()).select_from(shoppers)).scalar_one()

    a_shopper(run)
    with run.one_moment(3) as readers:
        a_shopper(run)
        assert [known(tx) for tx in readers] == [1, 1, 1]
    assert run.read(known) == 2


def test_what_a_database_says_about_a_fault_holds_no_values(run):
    with pytest.raises(DBAPIError) as fault:
        run(lambda tx: tx.execute(text("SELECT :secret FROM nothing"), {"secret": "629480"}))
    assert "629480" not in str(fault.value)


def test_a_file_that_may_not_be_written_is_not_opened_and_forgiven_once_it_may(sqlite_url, monkeypatch):
    run = Runner(engine_for(sqlite_url))
    with monkeypatch.context() as disk:
        disk.setattr(os, "access", lambda *_: False)  # root may write whatever its mode says
        with pytest.raises(DBAPIError, match="read-only"):
            a_shopper(run)
    a_shopper(run)
    run.engine.dispose()


NUMBER = text("SELECT pg_backend_pid()")
KILL = text("SELECT pg_terminate_backend(:number)")


@pytest.fixture
def other(postgresql_url):
    """A second node of the same shop."""
    runner = Runner(engine_for(postgresql_url))
    yield runner
    runner.engine.dispose()


@pytest.mark.parametrize("way", ["__call__", "read", "look", "single"])
def test_a_connection_that_died_while_it_waited_is_replaced_unnoticed(postgresql_url, other, way):
    node = Runner(engine_for(postgresql_url))
    number = node(lambda tx: tx.execute(NUMBER).scalar_one())
    other(lambda tx: tx.execute(KILL, {"number": number}))
    assert getattr(node, way)(lambda tx: tx.execute(NUMBER).scalar_one()) != number
    assert node.retries == {CONNECTION_LOST: 1}
    node.engine.dispose()


def test_work_whose_connection_is_cut_begins_anew_and_leaves_one_effect(postgresql_url, other):
    node = Runner(engine_for(postgresql_url))
    cut = iter([True, False])

    def work(tx):
        a_shopper(lambda begin: begin(tx))
        if next(cut):
            number = tx.execute(NUMBER).scalar_one()
            other(lambda killing: killing.execute(KILL, {"number": number}))
        return tx.execute(select(func.count()).select_from(shoppers)).scalar_one()

    assert node(work) == 1
    node.engine.dispose()


def test_whether_a_commit_that_lost_its_connection_took_effect_is_not_guessed(postgresql_url, other):
    node = Runner(engine_for(postgresql_url))

    def work(tx):
        number = tx.execute(NUMBER).scalar_one()
        event.listen(
            tx,
            "commit",
            lambda _: other(lambda killing: killing.execute(KILL, {"number": number})),
            once=True,
        )

    with pytest.raises(OutcomeUnknown):
        node(work)
    node.engine.dispose()
