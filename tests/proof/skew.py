"""A machine whose clock is wrong: what a node hears when it asks for the time of day.

Only the clock on the wall goes wrong; what counts the time that passed is the kernel's and goes on.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from pathlib import Path

ASK = ("backend.clock", "backend.adapters.machine_time", "jwt.api_jwt", "flask_jwt_extended.tokens")
real_time = time.time


def go_wrong(file: Path) -> None:
    """By as many seconds as the file says, from now on in this process."""

    def seconds() -> float:
        return float(file.read_text() or 0)

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override] # no Wrong comes out of it
            return datetime.now(tz) + timedelta(seconds=seconds())

    for name in ASK:
        vars(import_module(name))["datetime"] = Wrong
    time.time = lambda: real_time() + seconds()
