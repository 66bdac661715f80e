"""CT15: orders of every minute round midnight and round changed clocks fall into the store's own days and hours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from backend.db.transaction import Runner
from tests.backend.sales.rows import Line, Shop
from tests.proof.ct12_reconcile import another_shop
from tests.proof.fleet import Fleet
from tests.proof.processes import ROOT
from tests.proof.result import Found, Size, proof

SERVERS_AT = ("Pacific/Auckland", "UTC", "Asia/Riyadh")
MINUTE = timedelta(minutes=1)
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


@dataclass(frozen=True)
class Place:
    code: str
    zone: str
    days: tuple[date, ...]  # whose midnights, begin and end, are looked at
    changes: tuple[datetime, ...] = ()  # of the clocks


PLACES = (
    Place(
        "BE",
        "Europe/Berlin",
        (date(2026, 3, 29), date(2026, 10, 25), date(2026, 11, 20)),
        (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ),
    Place("RI", "Asia/Riyadh", (date(2026, 11, 20),)),
    Place(
        "ST",
        "America/St_Johns",
        (date(2026, 3, 8), date(2026, 11, 1)),
        (datetime(2026, 3, 8, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 4, 30, tzinfo=UTC)),
    ),
    Place("KI", "Pacific/Kiritimati", (date(2026, 11, 20), date(2026, 11, 30))),
)


@proof("CT15", "Days and hours of the store", sabotage="days_of_greenwich")
def ct15(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found = Found()
    places, minutes, every = PLACES[: size.of(1, len(PLACES))], size.of(10, 90), size.of(5, 1)
    servers = SERVERS_AT[: size.of(2, len(SERVERS_AT))]
    with another_shop(fleet) as run:
        sold = {place.code: sell(run, place, minutes, every) for place in places}
        said = [reports(fleet, run, places, zone) for zone in servers]
    found.demand(all(one == said[0] for one in said), "servers in other time zones say other things")
    for place in places:
        for told in said[0][place.code]:
            look(found, place, sold[place.code], told)
    found.n = sum(len(orders) for orders in sold.values())
    found.figure = (
        f"{found.n} orders in {len(places)} zones: report, page and CSV are one, counted and kept, "
        f"from servers in {len(servers)} zones"
    )
    return found


def sell(run: Runner, place: Place, minutes: int, every: int) -> dict[datetime, int]:
    """Orders in every minute round each midnight and change of clocks; each of an amount of its own."""
    zone = ZoneInfo(place.zone)
    ends = [day + timedelta(days=n) for day in place.days for n in (0, 1)]
    centres = [datetime.combine(day, time(), zone).astimezone(UTC) for day in ends] + list(place.changes)
    times = sorted({at + n * MINUTE for at in centres for n in range(-minutes, minutes + 1, every)})
    amounts = {at: 100 + n for n, at in enumerate(times)}

    def all_of_them(tx: Any) -> None:
        shop = Shop(tx, place.code, place.zone)
        for at, amount in amounts.items():
            shop.sell(at, [Line("TEA", 1, amount)])

    run(all_of_them)
    return amounts


def reports(fleet: Fleet, run: Runner, places: tuple[Place, ...], timezone: str) -> Any:
    """What a server in that zone says by API, page and CSV, before and after it keeps the days that are over."""
    url = run.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    asked = {
        "database": url,
        "data": str(fleet.settings.data),
        "switch": fleet.options.switch,
        "stores": {place.code: [*map(str, place.days)] for place in places},
        "months": [*map(str, NOVEMBER)],
    }
    words = [sys.executable, "-m", "tests.proof.reports", json.dumps(asked)]
    answer = subprocess.run(
        words, check=True, capture_output=True, cwd=ROOT, env=dict(os.environ) | {"TZ": timezone}
    )
    return json.loads(answer.stdout)


def look(found: Found, place: Place, sold: dict[datetime, int], told: dict[str, Any]) -> None:
    """Against what the zone's own rules say of each order, one by one."""
    zone = ZoneInfo(place.zone)
    by_day: Counter[date] = Counter()
    for at, amount in sold.items():
        by_day[at.astimezone(zone).date()] += amount
    for day in place.days:
        one = told["days"][str(day)]
        whose = f"{place.zone} {day}"
        begin = datetime.combine(day, time(), zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
        hours = one["api"]["hours"]
        found.demand(len(hours) == (end - begin) // timedelta(hours=1), f"{whose} has {len(hours)} hours")
        for number, hour in enumerate(hours):
            since = begin + number * timedelta(hours=1)
            due = sum(amount for at, amount in sold.items() if since <= at < since + timedelta(hours=1))
            seen = (datetime.fromisoformat(hour["begins_at"]), hour["gross_minor"])
            found.demand(seen == (since, due), f"{whose}: hour {number} is {seen}, not {(since, due)}")
        total = one["api"]["totals"]["gross_minor"]
        found.demand(total == by_day[day], f"{whose}: {total}, not {by_day[day]}")
        found.demand(sum(hour["gross_minor"] for hour in hours) == total, f"{whose}: hours are not the day")
        found.demand(one["csv"] == [hour["gross_minor"] for hour in hours], f"{whose}: CSV is not the API")
        found.demand(one["page"] == [hour["gross_minor"] for hour in hours], f"{whose}: page is not the API")
    month = told["month"]
    in_november = sum(amount for day, amount in by_day.items() if NOVEMBER[0] <= day <= NOVEMBER[1])
    found.demand(
        month["totals"]["gross_minor"] == in_november, f"{place.zone}: November is {month['totals']}"
    )
    days = sum(day["gross_minor"] for day in month["days"])
    found.demand(days == in_november, f"{place.zone}: the days of November are {days}")
