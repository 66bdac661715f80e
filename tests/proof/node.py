"""`smartpay` as the proofs start it: the real command, but for the face model and the work of hashing a PIN.

    python -m tests.proof.node '{"pins": "real"}' --data DIR serve --port 8081

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
from typing import Any, cast

from backend import cli, wiring
from backend.db import moments
from backend.settings import Settings
from backend.wiring import Services
from tests.fakes import NamedFaces, QuickHasher
from tests.proof.sabotage import Switch
from tests.proof.skew import go_wrong

real_build = wiring.build


@dataclass(frozen=True)
class NodeOptions:
    hurry: str = ""  # file of lifetimes by name, in seconds; see `Hurried`
    traps: str = ""  # folder; a file named like a moment kills whoever comes there next
    switch: str = ""  # file that names the sabotage that is on; "": the node has none in it
    pins: str = "quick"  # "real": argon2id
    skew: str = ""  # file of seconds by which this machine's clock is wrong


class Hurried:
    """Settings whose lifetimes a proof may shorten while the node runs, below what is allowed otherwise."""

    def __init__(self, settings: Settings, file: Path) -> None:
        self.settings = settings
        self.file = file

    def __getattr__(self, name: str) -> Any:
        if name in ("cart_lifetime", "checkout_lifetime"):
            seconds = json.loads(self.file.read_text()).get(name)
            if seconds is not None:
                return timedelta(seconds=seconds)
        return getattr(self.settings, name)


def build(options: NodeOptions) -> Callable[..., Services]:
    def build_services(settings: Settings, **given: Any) -> Services:
        services = real_build(settings, **{"faces": NamedFaces(), **given})
        if options.hurry:
            services = replace(services, settings=cast(Settings, Hurried(settings, Path(options.hurry))))
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
    if options.skew:
        go_wrong(Path(options.skew))
    if options.traps:
        moments.listen(die_in(Path(options.traps)))
    return cli.main(command)


if __name__ == "__main__":
    sys.exit(main(NodeOptions(**json.loads(sys.argv[1])), sys.argv[2:]))
