"""A disk of a few megabytes that can fill up and be made read-only; mounting needs root."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend.operations.shopper_device import Reply
from tests.proof.fleet import Fleet, Good, open_fleet
from tests.proof.load import insist, said
from tests.proof.result import Found
from tests.proof.shoppers import Buyer

MIB = 24
REFUSED = "503 storage_unavailable"
REFUSAL_S_MAX = 60.0
SENTENCE = "the database does not answer"
UNTIL_FULL_S_MAX = 30.0  # what the log has room for is still written


def disk_trouble(found: Found) -> str:
    """Full, then read-only: a typed 503 while it lasts, and nobody's hands afterwards."""
    if os.geteuid() != 0:
        found.demand(False, "no disk could be mounted: not root")
        return ""
    with small_disk() as disk, open_fleet("sqlite", data=disk / "var") as fleet:
        good, buyer = fleet.stock("GOOD", 1_000), fleet.shopper()
        with full(disk):
            trouble(found, fleet, buyer, good, "a full disk")
        recovered(found, fleet, buyer, good, "a full disk")
        with unwritable(fleet):
            trouble(found, fleet, buyer, good, "files that may not be written")
        recovered(found, fleet, buyer, good, "files that may not be written")
        with fleet.supervised():
            read_only(found, disk, fleet)
        recovered(found, fleet, buyer, good, "a start on a read-only disk")
    return "full disk, unwritable files: 503; read-only at the start: refused; each time all was as before afterwards"


def trouble(found: Found, fleet: Fleet, buyer: Buyer, good: Good, what: str) -> None:
    give_up_at = time.monotonic() + UNTIL_FULL_S_MAX
    while (scanned := buyer.scan(good.label)).status == 201 and time.monotonic() < give_up_at:
        pass
    found.demand(said(scanned) == REFUSED, f"{what}: a scan was answered {said(scanned)}")
    kind = scanned.headers.get("Content-Type")
    found.demand(kind == "application/problem+json", f"{what}: answered as {kind}")


def recovered(found: Found, fleet: Fleet, buyer: Buyer, good: Good, what: str) -> None:
    scanned: Reply = insist(lambda: buyer.scan(good.label))
    found.require(scanned.status == 201, f"after {what}: a scan was answered {said(scanned)}")
    paid = buyer.buy(scanned.json["cart"]["id"])
    found.demand(paid.status == 201, f"after {what}: paying was answered {said(paid)}")
    found.faults += fleet.invariants()


@contextmanager
def small_disk() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="smartpay-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MIB}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def unwritable(fleet: Fleet) -> Iterator[None]:
    """The system refuses every write of the running servers."""
    running = [pid for one in fleet.servers for pid in one.pids()]
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in running]
    for pid, (_, hard) in zip(running, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for pid, limits in zip(running, before, strict=True):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def read_only(found: Found, disk: Path, fleet: Fleet) -> None:
    """A machine that comes up on a disk which its system does not trust: the start is refused, in a sentence."""
    fleet.engine.dispose()
    fleet.services.keys.engine.dispose()
    for one in fleet.processes:
        one.kill()
    remount(disk, "ro")
    told = fleet.servers[0].log
    give_up_at = time.monotonic() + REFUSAL_S_MAX
    while SENTENCE not in told.read_text() and time.monotonic() < give_up_at:
        time.sleep(0.1)
    remount(disk, "rw")
    found.demand(SENTENCE in told.read_text(), f"a start on a read-only disk said {told.read_text()[-200:]}")


def remount(disk: Path, how: str) -> None:
    """Tries until nobody writes any more: a supervisor may be about to start a server."""
    give_up_at = time.monotonic() + UNTIL_FULL_S_MAX
    while subprocess.run(
        ["mount", "-o", f"remount,{how}", disk], check=False, stderr=subprocess.DEVNULL
    ).returncode:
        assert time.monotonic() < give_up_at, f"the disk could not be remounted {how}"
        time.sleep(0.02)
