"""A clock that no jump of the machine's clock moves: what was read once, and what the monotonic clock counted since.

On PostgreSQL the database's time is read again every few seconds, so that all nodes agree about what has expired
whatever their own clocks say; on SQLite the machine's time is read once, when the process starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.db.transaction import Runner
from backend.errors import Refusal

LOOK_EVERY_S = 5.0
CLOCK = text("SELECT clock_timestamp()")


class SteadyClock:
    """`look` reads the time; None again for `every_s`: it is read once."""

    def __init__(
        self,
        look: Callable[[], datetime],
        *,
        every_s: float | None,
        counted_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._every_s = every_s
        self._counted_s = counted_s
        self._lock = Lock()
        self._read_at_s = counted_s()
        self._last = self._read = look()

    def now(self) -> datetime:
        """Aware UTC; never earlier than before."""
        with self._lock:
            since_s = self._counted_s() - self._read_at_s
            if self._every_s is not None and since_s >= self._every_s:
                self._look_again()
                since_s = self._counted_s() - self._read_at_s
            self._last = max(self._last, self._read + timedelta(seconds=since_s))
            return self._last

    def _look_again(self) -> None:
        """While the database is away, the monotonic clock goes on counting."""
        asked_s = self._counted_s()
        try:
            read = self._look()
        except (SQLAlchemyError, Refusal):
            return
        self._read_at_s = (asked_s + self._counted_s()) / 2  # it was read half-way
        self._read = read


def steady_clock(run: Runner) -> SteadyClock:
    if run.engine.dialect.name == "sqlite":
        return SteadyClock(lambda: datetime.now(UTC), every_s=None)
    return SteadyClock(lambda: database_time(run), every_s=LOOK_EVERY_S)


def database_time(run: Runner) -> datetime:
    now: datetime = run.look(lambda tx: tx.execute(CLOCK).scalar_one())
    return now.astimezone(UTC)
