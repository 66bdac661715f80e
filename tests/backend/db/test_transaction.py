from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from backend.identity.tables import shoppers
from tests.backend.identity.people import a_shopper


def test_a_reader_sees_one_moment_whatever_is_written_meanwhile(run):
    def read(tx):
        def known():
            return tx.execute(select(func.count()).select_from(shoppers)).scalar_one()

        before = known()
        a_shopper(run)
        return before, known()

    assert run.read(read) == (0, 0)
    assert run.read(read) == (1, 1)


def test_what_a_database_says_about_a_fault_holds_no_values(run):
    with pytest.raises(DBAPIError) as fault:
        run(lambda tx: tx.execute(text("SELECT :secret FROM nothing"), {"secret": "629480"}))
    assert "629480" not in str(fault.value)
