from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from sqlalchemy import select

from backend.identity import locks
from backend.identity.tables import locks as rows
from tests.backend.identity.people import NOW, after


def tries(run, subject, count, now=NOW):
    return sum(run(lambda tx: locks.take_slot(tx, subject, now=now)) for _ in range(count))


def test_the_sixth_attempt_finds_the_lock(run):
    assert tries(run, "pin:a:b", 6) == 5


def test_thirty_two_attempts_at_once_get_five_slots(run):
    barrier = Barrier(32)

    def attempt(_):
        barrier.wait()
        return run(lambda tx: locks.take_slot(tx, "pin:a:b", now=NOW))

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(attempt, range(32))) == 5


def test_the_wait_grows_and_the_last_one_repeats(run):
    now, waits = NOW, []
    for _ in range(7):
        assert tries(run, "pin:a:b", 8, now) == 5
        until = run.read(lambda tx: tx.execute(select(rows.c.locked_until)).scalar_one())
        waits.append((until - now) / timedelta(seconds=1))
        assert tries(run, "pin:a:b", 1, until - timedelta(microseconds=1)) == 0
        now = until
    assert waits == [30, 300, 1_800, 14_400, 86_400, 86_400, 86_400]


def test_a_right_attempt_gives_all_slots_back(run):
    tries(run, "pin:a:b", 4)
    run(lambda tx: locks.clear(tx, "pin:a:b"))
    assert tries(run, "pin:a:b", 9) == 5


def test_a_right_attempt_after_a_lock_ends_the_growth_of_waits(run):
    tries(run, "pin:a:b", 5)
    assert tries(run, "pin:a:b", 1, after(seconds=30)) == 1
    run(lambda tx: locks.clear(tx, "pin:a:b"))
    assert tries(run, "pin:a:b", 9, after(seconds=31)) == 5
    assert tries(run, "pin:a:b", 1, after(seconds=61)) == 1


def test_attempts_from_elsewhere_do_not_lock_the_owner(run):
    for stranger in range(20):
        tries(run, f"pin:a:stranger-{stranger}", 10)
    assert tries(run, "pin:a:own-device", 1) == 1
