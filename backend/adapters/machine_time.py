"""What time it is for all processes of one machine, which agree on it in a file: on SQLite nobody else tells them.

They share the kernel's count of what passed since the machine started. So one that starts, or that was idle, goes on
where the others are; a wall clock that jumps moves them all alike, by a tenth of the time that passed, and a hold of
fifteen minutes ends at most a tenth early or late for it. A wall clock that was put forward is believed after an hour:
it was behind until then, as on a machine without a battery. A machine that starts again begins by its wall clock.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FOLLOWED = 0.1  # of the time that passed, of a difference to the wall clock
BELIEVED_AFTER_S = 3600.0
BYTES_MAX = 1000
BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Agreed:
    """boot: which start of the machine `counted_s` counts from; "" where it does not say."""

    boot: str
    counted_s: float
    unix_s: float
    behind_since_s: float | None = None  # in the same count; from then on the wall clock was far ahead

    def later(self, wall_s: float, counted_s: float) -> Agreed:
        passed_s = counted_s - self.counted_s
        here_s, bound_s = self.unix_s + passed_s, FOLLOWED * passed_s
        ahead_s = wall_s - here_s
        if abs(ahead_s) <= bound_s:
            return Agreed(self.boot, counted_s, wall_s)
        if ahead_s < 0:
            return Agreed(self.boot, counted_s, here_s - bound_s)
        since_s = counted_s if self.behind_since_s is None else self.behind_since_s
        if counted_s - since_s >= BELIEVED_AFTER_S:
            return Agreed(self.boot, counted_s, wall_s)
        return Agreed(self.boot, counted_s, here_s + bound_s, since_s)


def passed_s() -> float:
    """Seconds since some moment, the same for all processes; a machine that slept counts its sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def boot_id() -> str:
    return BOOT.read_text().strip() if BOOT.exists() else ""


class MachineTime:
    def __init__(
        self,
        file: Path,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        counted_s: Callable[[], float] = passed_s,
        boot: str | None = None,
    ) -> None:
        self._file = file
        self._wall, self._counted_s = wall, counted_s
        self._boot = boot_id() if boot is None else boot
        self._agreed: Agreed | None = None

    def __call__(self) -> datetime:
        """Aware UTC. On a disk that is full or read-only each process goes on alone."""
        try:
            with self._alone() as handle:
                self._agreed = self._later(agreed_in(handle) if self._boot else None)
                os.pwrite(handle, json.dumps(asdict(self._agreed)).ljust(BYTES_MAX).encode(), 0)
        except OSError:
            self._agreed = self._later(None)
        return datetime.fromtimestamp(self._agreed.unix_s, UTC)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _later(self, told: Agreed | None) -> Agreed:
        wall_s, counted_s = self._wall().timestamp(), self._counted_s()
        before = told if told and told.boot == self._boot else self._agreed
        if before is None or counted_s < before.counted_s:
            return Agreed(self._boot, counted_s, wall_s)
        return before.later(wall_s, counted_s)


def agreed_in(handle: int) -> Agreed | None:
    """None: nobody was here, or the machine fell while somebody wrote."""
    try:
        return Agreed(**json.loads(os.pread(handle, BYTES_MAX, 0)))
    except (ValueError, TypeError):
        return None
