"""Keeps glibc from hoarding: by default every thread gets a heap of its own that is never given back.

Sixteen server threads that each read one picture held 400 MB that way; with two heaps it is 240 MB at the same
speed, and trimming after the models are loaded gives back another 50 MB. Elsewhere (musl, macOS) nothing is done.
"""

import ctypes
import sys

HEAPS_MAX = 2
M_ARENA_MAX = -8  # malloc.h


def share_heaps() -> bool:
    """Threads started from now on share HEAPS_MAX heaps. False where the C library is not glibc."""
    libc = _glibc()
    return libc is not None and bool(libc.mallopt(M_ARENA_MAX, HEAPS_MAX))


def give_back() -> bool:
    """Returns free pages to the system; for after a large, short-lived use. False where not glibc."""
    libc = _glibc()
    return libc is not None and bool(libc.malloc_trim(0))


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
