"""`smartpay bench faces`: what enrolling five pictures and one check of a face cost a shopper, over real HTTP.

A shop of its own, with data on SQLite in a temporary folder; one client on the same machine, one request after the
other. Timed is each request from its first byte to the last of its answer: signature of the device, parsing,
models, vault, database. An enrolment is five such requests. A check is the request that answers a challenge with one
picture; the server has decided when it answers. Challenge before and PIN after it are requests of their own and do
not count. Shown is what was enrolled, and the device awaits its grant: after a refusal there is no further check of
that shopper, as refusals lead to a lock, and a locked face is answered without being looked at.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from backend.operations import portraits
from backend.operations.demo_people import people_in
from backend.operations.demo_server import DemoServer
from backend.operations.demo_shopper import DemoShopper, demand
from backend.operations.init import write_whole
from backend.operations.shopper_device import Reply, Transport

ENROLLED = 5
ROUNDS = 2  # of a person's pictures: where one is refused, another is enrolled a second time
FRAME_PX = (640, 480)
FRAME_QUALITY = 90  # of JPEG, as the app sends it
STORE = "R1"
GRANTED, REFUSED = "grant.issued", "face.refused"


class Stopwatch:
    """A transport that remembers how long the last request took."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.ms = 0.0

    def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        began = time.perf_counter()
        reply = self.transport(method, path, headers, body)
        self.ms = (time.perf_counter() - began) * 1e3
        return reply


@dataclass(frozen=True, slots=True)
class Measured:
    """One shopper; enrol_ms: of each picture that was taken; refused: the last check was."""

    name: str
    enrol_ms: tuple[float, ...]
    verify_ms: tuple[float, ...]
    refused: bool

    def in_words(self) -> str:
        checks = " ".join(f"{ms:.0f}" for ms in self.verify_ms)
        return f"{sum(self.enrol_ms):6.0f} ms to enrol; checks: {checks} ms{', refused' * self.refused}  {self.name}"


@dataclass(frozen=True, slots=True)
class FaceBench:
    """faces: one folder a person, None for the demonstration's portraits."""

    faces: Path | None
    shoppers: int
    verifies: int

    def run(self, file: Path | None, *, tell: Callable[[str], None]) -> dict[str, Any]:
        """Figures of F13, into `file` as well. Raises FacesRefused; Failed where nobody could be measured."""
        measured: list[Measured] = []
        left_out = 0
        with DemoServer() as server:
            for name, pictures in self.people():
                one = measure(server, name, [as_frame(picture) for picture in pictures], self.verifies)
                if one is None:
                    left_out += 1
                    tell(f"{name}: fewer than {ENROLLED} pictures were taken; left out")
                else:
                    measured.append(one)
                    tell(one.in_words())
        demand(bool(measured), f"of nobody were {ENROLLED} pictures taken")
        found = {**figures(measured), "left_out": left_out, "command": self.command()}
        text = json.dumps(found, indent=1)
        tell(text)
        if file:
            write_whole(file, f"{text}\n".encode())
        return found

    def people(self) -> Iterator[tuple[str, list[bytes]]]:
        drawn = ((name, portraits.variants(name)) for name in portraits.FILES)
        return islice(people_in(self.faces) if self.faces else drawn, self.shoppers)

    def command(self) -> str:
        faces = f" --faces {self.faces.name}" if self.faces else ""
        return f"smartpay bench faces{faces} --shoppers {self.shoppers} --verifies {self.verifies}"


def measure(server: Transport, name: str, frames: Sequence[bytes], verifies: int) -> Measured | None:
    """None where the quality gate leaves too few pictures."""
    watch = Stopwatch(server)
    shopper = DemoShopper(watch)
    shopper.become_guest()
    shopper.register(name)
    taken: list[tuple[bytes, float]] = []
    for frame in islice(cycle(frames), ROUNDS * len(frames)):
        if len(taken) < ENROLLED and shopper.device.enrol(frame).status == 201:
            taken.append((frame, watch.ms))
    if len(taken) < ENROLLED:
        return None
    in_stock = next(product for product in shopper.products(STORE) if product["available"])
    checkout = shopper.open_checkout(shopper.scan(in_stock["sku"], STORE))
    verify_ms: list[float] = []
    granted = True
    for frame, _ in islice(cycle(taken), verifies):
        reply = shopper.device.show_face(checkout["id"], [frame])
        verify_ms.append(watch.ms)  # of its last request, which carries the picture
        demand(reply.status == 202, f"no check: {reply.body!r}")
        granted = shopper.await_message(GRANTED, REFUSED)["kind"] == GRANTED
        if not granted:
            break
    return Measured(name, tuple(ms for _, ms in taken), tuple(verify_ms), refused=not granted)


def as_frame(picture: bytes) -> bytes:
    """What a phone's camera sends: 640 x 480, the picture as large as fits. A file that is no picture stays as it is:
    the server will refuse it."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            whole = ImageOps.exif_transpose(opened).convert("RGB")
    except OSError:
        return picture
    out = io.BytesIO()
    ImageOps.pad(whole, FRAME_PX, color="#8a8f92").save(out, "JPEG", quality=FRAME_QUALITY)
    return out.getvalue()


def figures(measured: Sequence[Measured]) -> dict[str, Any]:
    enrolments = [sum(one.enrol_ms) for one in measured]
    checks = list(chain.from_iterable(one.verify_ms for one in measured))
    return {
        "figure": "F13",
        **spread("enrol", enrolments),
        **spread("enrol_one_picture", chain.from_iterable(one.enrol_ms for one in measured)),
        **spread("verify", checks),
        "frame": f"{FRAME_PX[0]}x{FRAME_PX[1]} JPEG",
        "refused": sum(one.refused for one in measured),
        "n": f"{len(enrolments)} enrolments of {ENROLLED} pictures, {len(checks)} checks",
    }


def spread(what: str, times_ms: Iterable[float]) -> dict[str, float]:
    p50, p95 = np.percentile(list(times_ms), [50, 95])
    return {f"{what}_p50_ms": round(float(p50), 1), f"{what}_p95_ms": round(float(p95), 1)}
