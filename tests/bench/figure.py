"""What a benchmark is: ours beside its reference in the same run, and what their ratio must be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.bench.ground import Ground

ROUNDS = 5
SPREAD_MAX = 0.20  # of the ratio, between the quartiles' neighbours; beyond it a figure is taken again
TAKES_MAX = 3


@dataclass(frozen=True)
class Goal:
    """What a figure must reach and what it aims at. of: "ratio" (ours / reference) or "ours" itself."""

    must: float
    aim: float
    of: str = "ratio"
    most: bool = False  # the figure is to be this at most, not at least

    def words(self) -> str:
        sign = "≤" if self.most else "≥"
        return f"{sign} {self.must:g} (aim {self.aim:g})"

    def reached(self, figure: Figure) -> str:
        """ "aim", "must" or "missed"."""
        value = figure.ratio if self.of == "ratio" else figure.ours
        assert value is not None, figure.name
        for name, bound in (("aim", self.aim), ("must", self.must)):
            if value <= bound if self.most else value >= bound:
                return name
        return "missed"


@dataclass(frozen=True)
class Figure:
    """One row of docs/benchmarks.md."""

    name: str  # "CG1 sqlite"
    ours: float
    unit: str
    reference: float | None = None
    reference_is: str = ""
    goal: Goal | None = None
    spread: float | None = (
        None  # (largest - smallest) / median of the rounds' ratios, the two outer rounds left out
    )
    note: str = ""
    curve: list[tuple[float, float]] = field(default_factory=list)  # for a plot: how it grows
    curve_of: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.reference if self.reference else None

    def as_json(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "ours": round(self.ours, 4),
            "reference": None if self.reference is None else round(self.reference, 4),
            "reference_is": self.reference_is,
            "unit": self.unit,
            "ratio": None if self.ratio is None else round(self.ratio, 3),
        }
        if self.goal:
            row |= {"goal": self.goal.words(), "of": self.goal.of, "reached": self.goal.reached(self)}
        if self.spread is not None:
            row["spread"] = round(self.spread, 3)
        if self.curve:
            row |= {"curve": self.curve, "curve_of": self.curve_of}
        return row | ({"note": self.note} if self.note else {})


@dataclass(frozen=True)
class Pair:
    ours: float
    reference: float
    spread: float


def alternate(ours: Callable[[], float], reference: Callable[[], float], *, rounds: int = ROUNDS) -> Pair:
    """A-B-A-B-…: medians of the rounds after one that is thrown away, taken again while the ratio wavers.

    Each call measures once and returns its figure. Of all takes the steadiest one counts.
    """
    ours(), reference()
    takes = []
    for _ in range(TAKES_MAX):
        rows = [(ours(), reference()) for _ in range(rounds)]
        ratios = sorted(a / b for a, b in rows)
        inner = ratios[1:-1] if len(ratios) > 3 else ratios  # of three only one is inner, and it never wavers
        spread = (inner[-1] - inner[0]) / median(ratios)
        takes.append(Pair(median(a for a, _ in rows), median(b for _, b in rows), spread))
        if spread <= SPREAD_MAX:
            break
    return min(takes, key=lambda pair: pair.spread)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


Measure = Callable[["Ground", str], Iterator[Figure]]  # the second: a database, or "" where there is none


@dataclass(frozen=True)
class Bench:
    name: str  # "CG1"
    title: str
    measure: Measure
    databases: Sequence[str]


BENCHES: dict[str, Bench] = {}


def bench(name: str, title: str, *databases: str) -> Callable[[Measure], Measure]:
    """databases: on which it is measured, one after the other; none: it has nothing to do with any."""

    def register(measure: Measure) -> Measure:
        assert name not in BENCHES, name
        BENCHES[name] = Bench(name, title, measure, databases or [""])
        return measure

    return register
