from __future__ import annotations

import pytest
from sqlalchemy import event

from backend.db import idempotency
from backend.db.idempotency import Once
from backend.db.transaction import Runner, engine_for
from backend.errors import Refusal
from tests.backend.identity.people import NOW

ONCE = Once("shopper", "key-00001", "pay", "d" * 64)


def test_a_key_given_back_while_a_copy_looks_at_it_is_in_use_for_that_copy(postgresql_url):
    """SQLite has one writer at a time, so there is no such moment."""
    first, copy = Runner(engine_for(postgresql_url)), Runner(engine_for(postgresql_url))
    first(lambda tx: idempotency.claim(tx, ONCE, now=NOW))

    def give_back(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT"):
            first(lambda tx: idempotency.release(tx, ONCE))

    event.listen(copy.engine, "after_cursor_execute", give_back)
    with pytest.raises(Refusal, match="idempotency_key_in_use"):
        copy(lambda tx: idempotency.claim(tx, ONCE, now=NOW))
    for runner in (first, copy):
        runner.engine.dispose()
