from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from backend.adapters.steady_clock import SteadyClock, steady_clock

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Machine:
    """Its wall clock may be set; the monotonic one only counts."""

    def __init__(self) -> None:
        self.wall, self.counted_s, self.away = NOON, 0.0, False

    def look(self) -> datetime:
        if self.away:
            raise OperationalError("", {}, Exception())
        return self.wall

    def clock(self, *, followed: float | None = None) -> SteadyClock:
        return SteadyClock(self.look, followed=followed, counted_s=lambda: self.counted_s)

    def passes(self, seconds: float, *, jump: timedelta = timedelta()) -> None:
        self.counted_s += seconds
        self.wall += timedelta(seconds=seconds) + jump


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(minutes=10), timedelta(days=366)])
def test_a_machine_whose_clock_jumps_is_followed_slowly_and_never_backwards(jump):
    machine = Machine()
    clock = machine.clock(followed=0.1)
    machine.passes(0, jump=jump)
    seen = [clock.now()]
    for _ in range(12):
        machine.passes(5)
        seen.append(clock.now())
    minute = seen[-1] - NOON
    assert timedelta(seconds=53) < minute < timedelta(seconds=67)
    assert seen == sorted(seen)


def test_a_clock_that_was_put_right_is_reached_in_the_end():
    machine = Machine()
    clock = machine.clock(followed=0.1)
    machine.passes(0, jump=timedelta(seconds=30))
    for _ in range(70):
        machine.passes(5)
        clock.now()
    assert clock.now() == machine.wall


def test_what_the_database_says_is_taken_over_every_few_seconds_but_never_backwards():
    machine = Machine()
    clock = machine.clock()
    machine.passes(4, jump=timedelta(seconds=2))
    assert clock.now() == NOON + timedelta(seconds=4)
    machine.passes(1)
    assert clock.now() == NOON + timedelta(seconds=7)
    machine.passes(5, jump=timedelta(hours=-1))
    assert clock.now() == NOON + timedelta(seconds=7)


def test_time_goes_on_while_the_database_is_away():
    machine = Machine()
    clock = machine.clock()
    machine.away = True
    machine.passes(60)
    assert clock.now() == NOON + timedelta(minutes=1)


def test_a_node_has_the_time_of_its_database(run):
    assert abs(steady_clock(run).now() - datetime.now(UTC)) < timedelta(seconds=5)
