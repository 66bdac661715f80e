"""What a process that serves does once, while it starts."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Without Python's cyclic garbage collector, and what was made meanwhile is never looked through again.

    Imports make many objects and no garbage: going through all of them time and again is a sixth of a start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
