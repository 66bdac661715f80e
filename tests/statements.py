"""What is sent to the database, as the driver is given it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

Asked = dict[str, Any]  # parameters by statement, of the first time


@contextmanager
def noted(engine: Engine) -> Iterator[list[list[str]]]:
    """One list for each transaction, without BEGIN and COMMIT; SQLite's triggers are not counted."""
    transactions: list[list[str]] = []

    def begins(_connection: Any) -> None:
        transactions.append([])

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            transactions[-1].append(statement)

    event.listen(engine, "begin", begins)
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield transactions
    finally:
        event.remove(engine, "begin", begins)
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def heard(engine: Engine) -> Iterator[Asked]:
    asked: Asked = {}

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, many: bool) -> None:
        asked.setdefault(statement, given[0] if many else given)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
