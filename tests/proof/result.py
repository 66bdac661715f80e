"""What a proof is, what it found, and the list of all proofs."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.proof.fleet import Fleet

DATABASES = ("sqlite", "postgresql")


class Size(StrEnum):
    QUICK = "quick"
    FULL = "full"

    def of(self, quick: int, full: int) -> int:
        return full if self is Size.FULL else quick


@dataclass
class Found:
    """What one run of a proof saw. No faults means that it holds."""

    n: int = 0  # attempts, rounds, payments: what the proof counts
    figure: str = ""  # the outcome in one line, with its numbers
    faults: list[str] = field(default_factory=list)

    def demand(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.faults.append(otherwise)

    def require(self, holds: bool, otherwise: str) -> None:
        """As `demand`, where the proof cannot go on without it."""
        self.demand(holds, otherwise)
        if not holds:
            raise Stopped(self)


class Stopped(Exception):
    def __init__(self, found: Found) -> None:
        super().__init__(found.faults[-1])
        self.found = found


@dataclass(frozen=True)
class Result:
    """One row of docs/proof.md; `pass_` is `pass` in docs/proof.json."""

    pass_: bool
    database: str
    figure: str
    n: int
    seconds: float
    seed: int
    control: str = ""  # how the proof was shown able to fail

    def as_json(self) -> dict[str, Any]:
        row = asdict(self)
        return {"pass": row.pop("pass_"), **row}

    @staticmethod
    def from_json(row: dict[str, Any]) -> Result:
        return Result(row["pass"], **{name: value for name, value in row.items() if name != "pass"})


Body = Callable[..., Found]  # (fleet, *, size, seed)


@dataclass(frozen=True)
class Proof:
    name: str  # "CT1"
    title: str
    body: Body
    databases: tuple[str, ...]
    group: str
    sabotage: str  # a name in tests/proof/sabotage.py under which the quick form must find faults
    options: dict[str, Any]  # of the fleet: how its nodes are started

    def __call__(self, fleet: Fleet, *, size: Size, seed: int) -> Found:
        """Whatever goes wrong on the way is a fault."""
        try:
            return self.body(fleet, size=size, seed=seed)
        except Stopped as stopped:
            return stopped.found
        except Exception as problem:
            place = traceback.extract_tb(problem.__traceback__)[-1]
            return Found(faults=[f"{type(problem).__name__} in {place.name}: {problem}"])


PROOFS: dict[str, Proof] = {}


def proof(
    name: str,
    title: str,
    *,
    sabotage: str,
    databases: tuple[str, ...] = DATABASES,
    group: str = "money",
    **options: Any,
) -> Callable[[Body], Body]:
    """Registers a proof. sabotage: see `Proof`. options: keywords of `Fleet`, such as cart_s=2."""

    def register(body: Body) -> Body:
        assert name not in PROOFS, name
        PROOFS[name] = Proof(name, title, body, databases, group, sabotage, options)
        return body

    return register
