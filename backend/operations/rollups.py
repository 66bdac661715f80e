"""Count the days that are over, again or for the first time."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

from backend.db.transaction import Runner
from backend.sales import rollups


def rebuild(run: Runner, *, since: date | None = None, now: datetime) -> int:
    """Every kept day from `since` on, then those that nobody has counted; how many. A transaction each."""
    count = 0
    for store_id, day in run.read(rollups.kept_days):
        if since is None or day.day >= since:
            run(partial(rollups.rebuild, store_id=store_id, day=day))
            count += 1
    return count + catch_up(run, now=now)


def catch_up(run: Runner, *, now: datetime) -> int:
    count = 0
    while due := run.read(lambda tx: rollups.due(tx, now=now)):
        for store_id, day in due:
            run(partial(rollups.roll_up, store_id=store_id, day=day))
            count += 1
    return count
