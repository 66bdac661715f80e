"""What will be sold next week, forecast every week of a year, against the same day a week ago.

Demand is made up from a seed. Both forecasts see only what was sold; where the shelf was empty that is less than what
was wanted, and both are judged by what was wanted. The error of each product is scaled by what its own sales differ
from those of a week before (Hyndman and Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001, with a season of seven
days), so that all products count alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from backend.sales.forecast import WEEK, forecast
from backend.sales.stock_at_risk import WINDOW_DAYS
from tests.bench.figure import Figure, Goal, bench
from tests.bench.ground import Ground

Days = NDArray[np.int64]
SEED, SKUS, DAYS = 20260101, 500, 400
STORE_WEEK = np.resize([0.8, 0.85, 0.9, 1.1, 1.4, 1.2, 0.75], DAYS)  # busy before the weekend


@bench("CG21", "what will be sold next week")
def cg21(ground: Ground, _database: str) -> Iterator[Figure]:
    chance = np.random.default_rng(SEED)
    errors: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for number in range(ground.of(30, SKUS)):
        kind = list(KINDS)[number % len(KINDS)]
        wanted, sold = KINDS[kind](chance)
        errors[kind].append(scaled_errors(wanted, sold))
    weeks = len(range(WINDOW_DAYS, DAYS - WEEK + 1, WEEK))
    note = f"{sum(map(len, errors.values()))} products, {DAYS} days, forecast {weeks} times for 7 days"
    every = [pair for pairs in errors.values() for pair in pairs]
    yield figure("CG21", every, Goal(0.95, 0.90, most=True), note)
    for kind, pairs in errors.items():
        yield figure(f"CG21 {kind}", pairs, Goal(1.02, 1.0, most=True), f"{len(pairs)} of them")


def figure(name: str, pairs: list[tuple[float, float]], goal: Goal, note: str) -> Figure:
    ours, naive = np.mean(pairs, axis=0)
    return Figure(
        name, float(ours), "scaled error", float(naive), "what the same day sold a week ago", goal, note=note
    )


def scaled_errors(wanted: Days, sold: Days) -> tuple[float, float]:
    """Mean absolute errors of ours and of the naive forecast, both by the same scale."""
    ours, naive = [], []
    for origin in range(WINDOW_DAYS, DAYS - WEEK + 1, WEEK):
        truth = wanted[origin : origin + WEEK]
        expected = forecast(sold[origin - WINDOW_DAYS : origin].tolist(), WEEK)
        ours.append(np.abs(truth - expected).mean())
        naive.append(np.abs(truth - sold[origin - WEEK : origin]).mean())
    scale = np.abs(sold[WEEK:] - sold[:-WEEK]).mean() or 1.0
    return float(np.mean(ours) / scale), float(np.mean(naive) / scale)


def steady(chance: np.random.Generator) -> tuple[Days, Days]:
    return alike(chance.poisson(np.exp(chance.uniform(0, 3)) * STORE_WEEK))


def weekly(chance: np.random.Generator) -> tuple[Days, Days]:
    """A week of its own, with days on which hardly anybody wants it."""
    own = np.resize(chance.uniform(0.0, 2.0, WEEK), DAYS)
    return alike(chance.poisson(np.exp(chance.uniform(0.7, 3)) * own))


def intermittent(chance: np.random.Generator) -> tuple[Days, Days]:
    wanted_at_all = chance.random(DAYS) < chance.uniform(0.03, 0.3)
    return alike(wanted_at_all * chance.geometric(chance.uniform(0.3, 0.9), DAYS))


def trend(chance: np.random.Generator) -> tuple[Days, Days]:
    """A third to thrice as much after 400 days."""
    slope = np.linspace(1, np.exp(chance.uniform(np.log(1 / 3), np.log(3))), DAYS)
    return alike(chance.poisson(chance.uniform(2, 15) * slope * STORE_WEEK))


def shifts(chance: np.random.Generator) -> tuple[Days, Days]:
    """Another level every 20 to 90 days: a promotion, a feast, a rival next door."""
    level = np.ones(DAYS)
    day = 0
    while day < DAYS:
        until = day + int(chance.integers(20, 90))
        level[day:until] = chance.choice([0.5, 0.7, 1.0, 1.5, 2.2])
        day = until
    return alike(chance.poisson(chance.uniform(2, 12) * level * STORE_WEEK))


def stock_outs(chance: np.random.Generator) -> tuple[Days, Days]:
    """Four to nine times a year the shelf is empty for two to nine days."""
    wanted = chance.poisson(chance.uniform(1, 12) * STORE_WEEK)
    sold = wanted.copy()
    for _ in range(int(chance.integers(4, 10))):
        begin = int(chance.integers(0, DAYS))
        sold[begin : begin + int(chance.integers(2, 10))] = 0
    return wanted, sold


def alike(wanted: Days) -> tuple[Days, Days]:
    """What was wanted was sold."""
    return wanted, wanted


Kind = Callable[[np.random.Generator], tuple[Days, Days]]
KINDS: dict[str, Kind] = {
    "steady": steady,
    "weekly": weekly,
    "intermittent": intermittent,
    "trend": trend,
    "shifts": shifts,
    "stock-outs": stock_outs,
}
