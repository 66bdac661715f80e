"""What lets many open screens ask often: one look at the stores' counters serves them all, and no change is no work.

A screen that shows what it got after the store's last event hears 304 from memory. It is read anew now and then all
the same: waiting times grow, pieces are ticked and sessions end without an event.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select

from backend.db.events import store_counters
from backend.db.transaction import Runner

LOOK_S = 0.5  # how old the counters may be
BELIEVED_S = 20.0
SCREENS_MAX = 1_000

COUNTERS = select(store_counters.c.store_id, store_counters.c.events)
Key = tuple[str, str]  # session token, store code


@dataclass(frozen=True, slots=True)
class Shown:
    store_id: str
    event: int
    etag: str
    until: float  # monotonic seconds


class Screens:
    """Of one process."""

    def __init__(self, run: Runner, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._monotonic = monotonic
        self._lock = Lock()
        self._looked_at = -LOOK_S
        self._events: dict[str, int] = {}
        self._shown: dict[Key, Shown] = {}

    def last_event(self, store_id: str) -> int:
        with self._lock:  # others wait for this look instead of making theirs
            if self._monotonic() - self._looked_at >= LOOK_S:
                rows = self._run.look(lambda tx: tx.execute(COUNTERS).all())
                self._events = {row.store_id: row.events for row in rows}
                self._looked_at = self._monotonic()
            return self._events.get(store_id, 0)

    def unchanged(self, key: Key, etags: str) -> str | None:
        """The ETag of what the screen has, if that is still how things are."""
        shown = self._shown.get(key)
        if shown is None or shown.etag not in etags or shown.until <= self._monotonic():
            return None
        return shown.etag if self.last_event(shown.store_id) == shown.event else None

    def remember(self, key: Key, store_id: str, event: int, etag: str) -> None:
        """event: the last one before what is shown was read."""
        if len(self._shown) >= SCREENS_MAX:
            self._shown.clear()
        self._shown[key] = Shown(store_id, event, etag, self._monotonic() + BELIEVED_S)
