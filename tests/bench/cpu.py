"""Where the processor's time went: servers, workers, database, load generator, each with their children."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def spent_s(roots: Iterable[int]) -> float:
    """User and system seconds of these processes and of all that they started and that still run."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(") ")
        except OSError:
            continue  # ended meanwhile
        fields = rest.split()
        stats[int(name.split(" ", 1)[0])] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    wanted = set(roots)
    while more := {pid for pid, (parent, _) in stats.items() if parent in wanted} - wanted:
        wanted |= more
    return sum(stats[pid][1] for pid in wanted if pid in stats) / TICKS_PER_S


class Split:
    """`with Split({"servers": [pid], …}) as split:` then `split.words(orders)`."""

    def __init__(self, roots: Mapping[str, list[int]]) -> None:
        self.roots = roots
        self.spent: dict[str, float] = {}

    def __enter__(self) -> Split:
        self.before = {name: spent_s(pids) for name, pids in self.roots.items()}
        return self

    def __exit__(self, *_: object) -> None:
        self.spent = {name: spent_s(pids) - self.before[name] for name, pids in self.roots.items()}

    def words(self, things: int) -> str:
        return (
            ", ".join(f"{name} {spent / things * 1e3:.1f}" for name, spent in self.spent.items())
            + " CPU-ms each"
        )
