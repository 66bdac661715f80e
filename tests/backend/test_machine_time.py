from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.adapters.machine_time import MachineTime
from backend.adapters.steady_clock import SteadyClock

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Machine:
    """Its wall clock may be set; the count of what passed only grows until it starts again."""

    def __init__(self, folder):
        self.file = folder / "clock.json"
        self.wall, self.counted_s, self.starts = NOON, 1000.0, 1

    def process(self):
        """What a process that starts now asks for the time."""
        look = MachineTime(
            self.file,
            wall=lambda: self.wall,
            counted_s=lambda: self.counted_s,
            boot=str(self.starts),
        )
        return SteadyClock(look, counted_s=lambda: self.counted_s).now

    def passes(self, time):
        self.counted_s += time.total_seconds()
        self.wall += time

    def passes_while_asked(self, time, *clocks):
        for _ in range(int(time / (5 * SECOND))):
            self.passes(5 * SECOND)
            seen = [clock() for clock in clocks]
        return seen

    def is_off_for(self, time):
        self.wall += time
        self.counted_s, self.starts = 10.0, self.starts + 1


@pytest.fixture
def machine(data_folder):
    return Machine(data_folder)


JUMPS = pytest.mark.parametrize("jump", [-3 * HOUR, -HOUR, 10 * MINUTE, timedelta(days=366)])


@JUMPS
def test_a_wall_clock_that_jumps_is_followed_by_a_tenth_and_never_backwards(machine, jump):
    clock = machine.process()
    machine.wall += jump
    seen = [clock()]
    for _ in range(12):
        seen += machine.passes_while_asked(5 * SECOND, clock)
    assert 53 * SECOND < seen[-1] - NOON < 67 * SECOND
    assert seen == sorted(seen)


@JUMPS
def test_a_process_that_starts_while_the_wall_clock_is_wrong_has_the_time_of_the_others(machine, jump):
    first = machine.process()
    machine.wall += jump
    machine.passes(5 * SECOND)
    second = machine.process()
    assert abs(second() - first()) <= SECOND
    assert abs(second() - NOON) <= 6 * SECOND


@JUMPS
def test_a_process_that_was_idle_has_the_time_of_the_others_at_its_next_look(machine, jump):
    busy, idle = machine.process(), machine.process()
    machine.passes_while_asked(10 * HOUR, busy)
    machine.wall += jump
    machine.passes_while_asked(10 * SECOND, busy)
    assert abs(idle() - busy()) <= SECOND
    assert abs(idle() - (NOON + 10 * HOUR)) <= 12 * SECOND


def test_all_processes_together_follow_no_faster_than_one(machine):
    clocks = [machine.process() for _ in range(8)]
    machine.wall += 10 * MINUTE
    seen = machine.passes_while_asked(MINUTE, *clocks)
    assert max(seen) - NOON <= 67 * SECOND
    assert max(seen) - min(seen) <= SECOND


@pytest.mark.parametrize("off", [-30 * SECOND, 30 * SECOND, -5 * MINUTE, 5 * MINUTE])
def test_a_wall_clock_that_was_put_right_by_little_is_reached_in_the_end(machine, off):
    clock = machine.process()
    machine.wall += off
    assert machine.passes_while_asked(HOUR, clock) == [machine.wall]


def test_a_wall_clock_put_forward_by_much_is_believed_after_an_hour(machine):
    clock = machine.process()
    machine.wall += 8 * HOUR
    (seen,) = machine.passes_while_asked(HOUR, clock)
    assert seen < NOON + 67 * MINUTE
    assert machine.passes_while_asked(MINUTE, clock) == [machine.wall]
    assert machine.process()() == machine.wall


def test_an_hour_in_which_nobody_looked_is_none_in_which_the_wall_clock_was_right(machine):
    clock = machine.process()
    machine.passes(HOUR)
    machine.wall += 8 * HOUR
    assert clock() <= NOON + 66 * MINUTE


def test_a_wall_clock_that_was_wrong_for_less_than_an_hour_counts_from_anew(machine):
    clock = machine.process()
    for _ in range(3):
        machine.wall += 8 * HOUR
        machine.passes_while_asked(MINUTE, clock)
        machine.wall -= 8 * HOUR
        (seen,) = machine.passes_while_asked(40 * MINUTE, clock)
        assert seen == machine.wall


@pytest.mark.parametrize("night", [10 * HOUR, -HOUR])
def test_a_machine_that_was_off_begins_by_its_wall_clock(machine, night):
    machine.process()
    machine.is_off_for(night)
    assert machine.process()() == machine.wall


@pytest.mark.parametrize("content", ["", "{", '{"boot": "1"}', "[]", '{"boot": "1", "counted_s": 9'])
def test_a_file_that_is_none_is_written_anew(machine, content):
    machine.file.write_text(content)
    assert machine.process()() == NOON
    machine.wall += HOUR
    assert machine.process()() == NOON


def test_without_a_file_each_process_goes_on_alone(machine):
    machine.file.mkdir()
    clock = machine.process()
    machine.wall += HOUR
    (seen,) = machine.passes_while_asked(MINUTE, clock)
    assert seen - NOON <= 67 * SECOND


def test_where_the_machine_does_not_say_when_it_started_a_process_begins_by_its_wall_clock(machine):
    machine.starts = ""
    clock = machine.process()
    machine.wall += HOUR
    assert machine.process()() == machine.wall
    assert machine.passes_while_asked(MINUTE, clock)[0] - NOON <= 67 * SECOND
