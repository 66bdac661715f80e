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
        self.asks_s, self.answers_s = 0.0, 0.0

    def look(self) -> datetime:
        if self.away:
            raise OperationalError("", {}, Exception())
        self.passes(self.asks_s)
        read = self.wall
        self.passes(self.answers_s)
        return read

    def clock(self) -> SteadyClock:
        return SteadyClock(self.look, counted_s=lambda: self.counted_s)

    def passes(self, seconds: float, *, jump: timedelta = timedelta()) -> None:
        self.counted_s += seconds
        self.wall += timedelta(seconds=seconds) + jump


def test_what_the_database_says_is_taken_over_every_few_seconds_but_never_backwards():
    machine = Machine()
    clock = machine.clock()
    machine.passes(4, jump=timedelta(seconds=2))
    assert clock.now() == NOON + timedelta(seconds=4)
    machine.passes(1)
    assert clock.now() == NOON + timedelta(seconds=7)
    machine.passes(5, jump=timedelta(hours=-1))
    assert clock.now() == NOON + timedelta(seconds=7)


@pytest.mark.parametrize(("asks_s", "answers_s"), [(3, 0), (0, 3), (1, 2)])
def test_a_database_that_answers_slowly_does_not_lead_a_right_clock_away(asks_s, answers_s):
    machine = Machine()
    clock = machine.clock()
    machine.asks_s, machine.answers_s = asks_s, answers_s
    for _ in range(3):
        machine.passes(5)
        assert clock.now() == machine.wall


def test_time_goes_on_while_the_database_is_away():
    machine = Machine()
    clock = machine.clock()
    machine.away = True
    machine.passes(60)
    assert clock.now() == NOON + timedelta(minutes=1)


def test_a_node_has_the_time_of_its_database(run, data_folder):
    assert abs(steady_clock(run, data=data_folder).now() - datetime.now(UTC)) < timedelta(seconds=5)
