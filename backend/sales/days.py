"""Days and hours on a store's own clocks, as instants: closed at the begin, open at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StoreDay:
    day: date
    timezone: str

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.day, time(), ZoneInfo(self.timezone)).astimezone(UTC)

    @property
    def ends_at(self) -> datetime:
        return self.next.begins_at

    @property
    def next(self) -> StoreDay:
        return StoreDay(self.day + timedelta(days=1), self.timezone)

    def hours(self) -> list[datetime]:
        """Their begins in the store's time zone: 24 of them, 23 or 25 where clocks change."""
        begin, end = self.begins_at, self.ends_at
        count = -((begin - end) // HOUR)
        return [(begin + n * HOUR).astimezone(ZoneInfo(self.timezone)) for n in range(count)]


def day_of(at: datetime, timezone: str) -> StoreDay:
    return StoreDay(at.astimezone(ZoneInfo(timezone)).date(), timezone)


def days_between(first: StoreDay, last: StoreDay) -> list[StoreDay]:
    """Both included; empty where the first comes after the last."""
    count = (last.day - first.day).days + 1
    return [StoreDay(first.day + timedelta(days=n), first.timezone) for n in range(count)]
