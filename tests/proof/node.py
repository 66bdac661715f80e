"""`smartpay` as the proofs start it: the real command, but for the face model and the work of hashing a PIN.

    python -m tests.proof.node '{"cart_s": 2}' --data DIR serve --port 8081

This process is also the only one that listens to the named moments: it dies at one where a trap is set.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from backend import cli, wiring
from backend.db import moments
from backend.settings import Settings
from backend.wiring import Services
from tests.fakes import NamedFaces, QuickHasher
from tests.proof.sabotage import Switch

real_build = wiring.build


@dataclass(frozen=True)
class NodeOptions:
    cart_s: float | None = None  # below what the settings allow, so that expiry can be waited for
    checkout_s: float | None = None
    pins: str = "quick"  # "real": argon2id
    traps: str = ""  # folder; a file named like a moment kills whoever comes there next
    switch: str = ""  # file that names the sabotage that is on; "": the node has none in it


def build(options: NodeOptions) -> Callable[..., Services]:
    def build_services(settings: Settings, **given: Any) -> Services:
        spans = {"cart_lifetime": options.cart_s, "checkout_lifetime": options.checkout_s}
        shorter = {name: timedelta(seconds=s) for name, s in spans.items() if s is not None}
        services = real_build(replace(settings, **shorter), faces=NamedFaces(), **given)
        return services if options.pins == "real" else replace(services, pin_hasher=QuickHasher())

    return build_services


def die_in(traps: Path) -> Callable[[str], None]:
    """A trap catches one process: whoever removes its file dies, with its whole process group."""

    def reached(moment: str) -> None:
        try:
            (traps / moment).unlink()
        except FileNotFoundError:
            return
        os.killpg(0, signal.SIGKILL)

    return reached


def main(options: NodeOptions, command: list[str]) -> int:
    wiring.build = build(options)
    if options.switch:
        Switch(Path(options.switch)).install()
    if options.traps:
        moments.listen(die_in(Path(options.traps)))
    return cli.main(command)


if __name__ == "__main__":
    sys.exit(main(NodeOptions(**json.loads(sys.argv[1])), sys.argv[2:]))
