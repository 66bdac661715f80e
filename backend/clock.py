"""Time and identifiers, injected so that tests decide them."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""
        ...


class Ids(Protocol):
    def uuid7(self) -> str: ...

    def token(self, size_bytes: int = 16) -> str:
        """Unguessable, URL-safe text."""
        ...

    def digits(self, count: int) -> str:
        """Unguessable decimal digits, for codes that people type."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemIds:
    def uuid7(self) -> str:
        return uuid7(datetime.now(UTC), secrets.token_bytes(10))

    def token(self, size_bytes: int = 16) -> str:
        return secrets.token_urlsafe(size_bytes)

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"


def uuid7(at: datetime, random: bytes) -> str:
    """RFC 9562 section 5.7: 48 bits of milliseconds, then randomness, so that ids sort by time.

    random: 10 bytes, of which 74 bits are used.
    """
    value = (int(at.timestamp() * 1000) << 80) | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | 7 << 76  # version
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def first_uuid7(at: datetime) -> str:
    """Not above any that is made from then on: rows of a time are found by their primary key."""
    return uuid7(max(at, EPOCH), bytes(10))
