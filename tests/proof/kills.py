"""Kills spread evenly over a load: random processes, named moments, the database itself."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType

from tests.proof.fleet import Fleet
from tests.proof.processes import Process

RANDOM, DATABASE = "random", "database"
INTO_REQUESTS_S = 0.4  # a kill comes at any time within this after its turn
WORKER_START_S = 3.0  # before that, a worker is not at work yet
LOOK_S = 0.01
CHECKPOINTS = """
import sqlite3, sys
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("PRAGMA busy_timeout = 200")
while True:
    for phase in ("PASSIVE", "FULL", "RESTART", "TRUNCATE"):
        base.execute(f"PRAGMA wal_checkpoint({phase})").fetchall()
"""


class Killer:
    """`with Killer(…)`: one act after another, in step with how much of the load is done."""

    def __init__(
        self, fleet: Fleet, acts: Sequence[str], *, progress: Callable[[], float], seed: int
    ) -> None:
        self.fleet = fleet
        self.random = random.Random(seed)
        self.acts = self.random.sample(acts, len(acts))
        self.progress = progress  # of the load, 0 to 1
        self.killed: Counter[str] = Counter()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, name="killer")

    def __enter__(self) -> Killer:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.thread.join()

    def work(self) -> None:
        for number, act in enumerate(self.acts):
            if not self.until(partial(self.is_turn, number)):
                return
            time.sleep(self.random.uniform(0, INTO_REQUESTS_S))
            if act == RANDOM:
                self.kill_one()
            elif act == DATABASE:
                self.kill_database()
            else:
                self.trap(act)

    def is_turn(self, number: int) -> bool:
        return self.progress() >= number / len(self.acts)

    def until(self, true: Callable[[], bool]) -> bool:
        """Waits; False if the load ended before."""
        while not true():
            if self.ended.wait(LOOK_S):
                return False
        return True

    def kill_one(self) -> None:
        """Any server or worker that is at work."""
        if self.until(lambda: bool(self.at_work())):
            victim = self.random.choice(self.at_work())
            victim.kill()
            self.killed[RANDOM] += 1

    def at_work(self) -> list[Process]:
        return [one for one in self.fleet.processes if one.at_work(WORKER_START_S)]

    def trap(self, moment: str) -> None:
        """Whoever comes there next; counted when it has happened."""
        set_ = self.fleet.trap(moment)
        if self.until(lambda: not set_.exists()):
            self.killed[moment] += 1
        set_.unlink(missing_ok=True)

    def kill_database(self) -> None:
        if self.fleet.cluster:
            self.fleet.cluster.crash()
            self.fleet.cluster.start()
        else:
            self.kill_in_a_checkpoint()
        self.killed[DATABASE] += 1

    def kill_in_a_checkpoint(self) -> None:
        """Everything that has the file open dies at once, while its log is being written back."""
        file = self.fleet.settings.main_url.removeprefix("sqlite:///")
        child = subprocess.Popen([sys.executable, "-c", CHECKPOINTS, file], stderr=subprocess.DEVNULL)
        time.sleep(0.3 + self.random.uniform(0, INTO_REQUESTS_S))
        child.send_signal(signal.SIGKILL)
        for process in self.fleet.processes:
            process.kill()
        child.wait()


def page_by_page(url: str) -> str:
    """What SQLite itself says of a file after kills: "ok"."""
    base = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return str(base.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        base.close()
