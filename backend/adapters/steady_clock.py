"""A clock that no jump of the machine's clock moves: what was read once, and what passed since.

On PostgreSQL the database's time is read again every few seconds, so that all nodes agree about what has expired
whatever their own clocks say. On SQLite it is the machine's, followed slowly: a clock that is put right reaches us, and
a hold of fifteen minutes ends at most a tenth early or late for it.
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
FOLLOWED = 0.1  # of the time that passed, of a difference to the machine's clock
CLOCK = text("SELECT clock_timestamp()")


def passed_s() -> float:
    """Seconds since some moment; a machine that slept counts its sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SteadyClock:
    """`look` reads the time. followed: the share of the time since the last look by which that may move us at most."""

    def __init__(
        self,
        look: Callable[[], datetime],
        *,
        followed: float | None = None,
        counted_s: Callable[[], float] = passed_s,
    ) -> None:
        self._look = look
        self._followed = followed
        self._counted_s = counted_s
        self._lock = Lock()
        self._read_at_s = counted_s()
        self._last = self._read = look()

    def now(self) -> datetime:
        """Aware UTC; never earlier than before."""
        with self._lock:
            since_s = self._counted_s() - self._read_at_s
            if since_s >= LOOK_EVERY_S:
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
        read_at_s = (asked_s + self._counted_s()) / 2  # it was read half-way
        since = timedelta(seconds=read_at_s - self._read_at_s)
        counted = self._read + since
        if self._followed is not None:
            bound = since * self._followed
            read = counted + max(-bound, min(bound, read - counted))
        self._read_at_s, self._read = read_at_s, read


def steady_clock(run: Runner) -> SteadyClock:
    if run.engine.dialect.name == "sqlite":
        return SteadyClock(lambda: datetime.now(UTC), followed=FOLLOWED)
    return SteadyClock(lambda: database_time(run))


def database_time(run: Runner) -> datetime:
    now: datetime = run.look(lambda tx: tx.execute(CLOCK).scalar_one())
    return now.astimezone(UTC)
