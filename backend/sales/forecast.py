"""What a product will sell in the days to come, by what it sold on its days so far.

A day is expected to sell what the same days of the week sold, the younger ones counting more (simple exponential
smoothing with a season of seven days; Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd edition,
chapter 8). Few weeks say little about a weekday, so each is drawn towards the mean of all days, which is also the
whole forecast of a product that sells now and then. Measured against the same day a week ago: `./scripts/bench --only
CG21`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

WEEK = 7
HALF_LIFE_DAYS = 14  # a day this old counts half
COMMON_DAYS = 1.0  # the mean of all days weighs as much as so many days of yesterday
WITHOUT_STOCK_PIECES = 15  # where so many were usual and none was sold, the shelf was empty


def forecast(sold: Sequence[float], days: int) -> list[float]:
    """Pieces expected on each of the next `days`. sold: pieces a day, the oldest first, the last one yesterday."""
    count = len(sold)
    weights = [0.5 ** ((count - 1 - day) / HALF_LIFE_DAYS) for day in range(count)]
    for day in _without_stock(sold, _usual(sold, weights)):
        weights[day] = 0.0
    usual = _usual(sold, weights)
    return [usual[day % WEEK] for day in range(count, count + days)]


def _usual(sold: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Pieces on each day of the week; the first is that of the oldest day."""
    pieces = [weight * one for weight, one in zip(weights, sold, strict=True)]
    level = sum(pieces) / (sum(weights) or 1)
    return [
        (sum(pieces[day::WEEK]) + COMMON_DAYS * level) / (sum(weights[day::WEEK]) + COMMON_DAYS)
        for day in range(WEEK)
    ]


def _without_stock(sold: Sequence[float], usual: Sequence[float]) -> list[int]:
    """Days in a row without a sale that are no chance at what is usual on them."""
    empty: list[int] = []
    for nothing, row in groupby(range(len(sold)), lambda day: sold[day] == 0):
        in_a_row = list(row)
        if nothing and sum(usual[day % WEEK] for day in in_a_row) >= WITHOUT_STOCK_PIECES:
            empty += in_a_row
    return empty
