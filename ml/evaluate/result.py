"""What a protocol found: the same keys for all, the protocol's own beside them; as JSON and as a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.files import make_folder, write_text
from ml.evaluate.bootstrap import Genuine, Impostors, Rate, rate_at

RATES = (1e-2, 1e-3, 1e-4, 1e-5)
CURVE_POINTS = 120


# The keys of every protocol, where it has no such figure.
EMPTY: dict[str, Any] = {
    "model": "default",
    "n_people": 0,
    "n_genuine": 0,
    "n_impostor": 0,
    "accuracy": None,
    "accuracy_std": None,
    "fnmr_at_fmr": {},
    "undetected": 0,
    "milliseconds": None,
}


@dataclass(frozen=True)
class Point:
    """FNMR at an FMR; low, high: 95 %, people drawn. decided_by: impostor comparisons above the threshold."""

    fnmr: float
    low: float
    high: float
    threshold: float
    decided_by: int
    fnmr_of_pairs: float | None = None


@dataclass(frozen=True)
class Result:
    """accuracy, fnmr: shares 0..1; None where the protocol has none. undetected: pictures without a face, each an
    error of its own. milliseconds: median of picture to embedding, None when all came from a cache."""

    protocol: str
    model: str
    version: str
    n_people: int
    n_genuine: int
    n_impostor: int
    accuracy: float | None = None
    accuracy_std: float | None = None
    fnmr_at_fmr: dict[str, Point] = field(default_factory=dict)
    undetected: int = 0
    n_pictures: int = 0
    milliseconds: float | None = None
    det: list[tuple[float, float]] = field(default_factory=list)  # (FMR, FNMR) along the threshold
    extra: dict[str, Any] = field(default_factory=dict)  # what only this protocol reports

    def as_json(self) -> dict[str, Any]:
        content = asdict(self)
        own = content.pop("extra")
        flat: dict[str, Any] = rounded({**content, **own})
        return flat


def points(
    genuine: Genuine, impostors: Impostors, n_people: int, rates: tuple[float, ...] = RATES
) -> dict[str, Point]:
    """At every rate that at least one comparison may exceed; a rate below that has no figure."""
    possible = [rate for rate in rates if rate * len(impostors.scores) >= 1]
    return {rate_key(rate): _point(rate_at(genuine, impostors, rate, n_people=n_people)) for rate in possible}


def _point(rate: Rate) -> Point:
    return Point(rate.fnmr, rate.low, rate.high, rate.threshold, rate.decided_by, rate.fnmr_of_pairs)


def rate_key(rate: float) -> str:
    """1e-3, as JSON readers look it up."""
    return f"{rate:.0e}".replace("e-0", "e-")


def det_curve(genuine: Genuine, impostors: Impostors) -> list[tuple[float, float]]:
    """(FMR, person-mean FNMR), evenly spread over the decades of FMR from one comparison to all."""
    ranked = np.sort(impostors.scores)
    n = len(ranked)
    above = np.unique(np.geomspace(1, n, CURVE_POINTS).astype(np.intp))  # comparisons allowed to exceed
    thresholds = np.where(above < n, ranked[np.maximum(n - above - 1, 0)], -np.inf)
    fnmr = genuine.fnmr_by_person(thresholds).mean(axis=0)
    fmr = 1 - np.searchsorted(ranked, thresholds, side="right") / n
    return [(float(x), float(y)) for x, y in zip(fmr, fnmr, strict=True)]


def rounded(value: Any) -> Any:
    """Six significant digits: what a run on another machine may well differ by is not printed."""
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return value.item() if isinstance(value, np.generic) else value


def write_page(path: Path, text: str) -> None:
    """Whole or not at all. Raises DataUnusable, naming the file or folder."""
    make_folder(path.parent)
    write_text(path, text)


def write_json(path: Path, content: Any) -> None:
    write_page(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
