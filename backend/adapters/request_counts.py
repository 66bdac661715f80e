"""Requests of this minute by network, in the memory of one process; `redis_counts` has those of all nodes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from threading import Lock
from typing import Protocol

WINDOW_S = 60


class Uncounted(Exception):
    """Nobody could count."""


class RequestCounts(Protocol):
    def another(self, network: str, *, now: datetime) -> int:
        """How many requests of this minute that makes, this one included. Raises Uncounted."""
        ...


class InMemory:
    def __init__(self) -> None:
        self.minute = 0
        self.counts: Counter[str] = Counter()
        self.lock = Lock()

    def another(self, network: str, *, now: datetime) -> int:
        with self.lock:
            if self.minute != minute(now):
                self.minute = minute(now)
                self.counts.clear()
            self.counts[network] += 1
            return self.counts[network]


def minute(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_S
