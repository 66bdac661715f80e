"""A clock that no jump of the machine's clock moves: what was read once, and what passed since.

On PostgreSQL the database's time is read again every few seconds, so that all nodes agree about what has expired
whatever their own clocks say. On SQLite it is the machine's (`machine_time`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from backend.adapters.machine_time import MachineTime, passed_s
from backend.db.transaction import Runner
from backend.errors import Refusal

LOOK_EVERY_S = 5.0
CLOCK = text("SELECT clock_timestamp()")


class SteadyClock:
    """`look` reads the time."""

    def __init__(self, look: Callable[[], datetime], *, counted_s: Callable[[], float] = passed_s) -> None:
        self._look = look
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
        """What was counted stands where the look may have read it: one that took long must not lead away from that.

        While the database is away, the count goes on alone.
        """
        asked_s = self._counted_s()
        try:
            read = self._look()
        except (SQLAlchemyError, Refusal):
            return
        answered_s = self._counted_s()
        counted = self._read + timedelta(seconds=answered_s - self._read_at_s)
        self._read = min(max(read, counted), read + timedelta(seconds=answered_s - asked_s))
        self._read_at_s = answered_s


def steady_clock(run: Runner, *, data: Path) -> SteadyClock:
    """data: folder where the processes of a shop on SQLite agree on the time."""
    if run.engine.dialect.name == "sqlite":
        return SteadyClock(MachineTime(data / "clock.json"))
    return SteadyClock(lambda: database_time(run))


def database_time(run: Runner) -> datetime:
    now: datetime = run.look(lambda tx: tx.execute(CLOCK).scalar_one())
    return now.astimezone(UTC)
