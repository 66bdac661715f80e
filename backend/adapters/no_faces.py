"""For a process that looks at no picture, such as a worker: the face model is most of what a start takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from backend.faces.ports import Probe, Purpose


class NoFaces:
    model = "none"

    def read(self, picture: bytes, purpose: Purpose) -> NoReturn:  # noqa: ARG002 - the port's signature
        raise AssertionError("this process looks at no face")

    def compare(self, probe: Probe, references: Sequence[bytes]) -> NoReturn:  # noqa: ARG002
        raise AssertionError("this process looks at no face")
