from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.db import idempotency
from backend.db.idempotency import LEASE, Answer, Once
from backend.db.rows import DROPPED_MAX
from backend.errors import Refusal
from tests.backend.identity.people import NOW

ONCE = Once("shopper", "key-00001", "pay", "d" * 64)
ANSWER = Answer(201, '{"paid": true}')
LATER = NOW + LEASE


def claim(run, once=ONCE, *, now=NOW):
    return run(lambda tx: idempotency.claim(tx, once, now=now))


def test_a_key_is_in_use_until_its_request_is_answered_and_then_says_the_same(run):
    assert claim(run) is None
    with pytest.raises(Refusal, match="idempotency_key_in_use"):
        claim(run, now=LATER - timedelta(seconds=1))
    run(lambda tx: idempotency.finish(tx, ONCE, ANSWER))
    assert claim(run) == claim(run, now=LATER) == ANSWER


def test_an_answer_is_found_without_claiming_its_key_by_the_same_request_alone(run):
    def answered(once=ONCE):
        return run.look(lambda tx: idempotency.answered(tx, once))

    assert answered() is None
    assert claim(run) is answered() is None
    run(lambda tx: idempotency.finish(tx, ONCE, ANSWER))
    assert answered() == ANSWER
    assert answered(replace(ONCE, digest="e" * 64)) is answered(replace(ONCE, owner="neighbour")) is None


def test_a_key_whose_process_died_is_free_after_the_lease(run):
    assert claim(run) is claim(run, now=LATER) is None
    with pytest.raises(Refusal, match="idempotency_key_in_use"):
        claim(run, now=LATER)


@pytest.mark.parametrize("now", [NOW, LATER])
def test_a_key_of_another_request_is_refused_running_or_left_behind(run, now):
    claim(run)
    with pytest.raises(Refusal, match="idempotency_key_reused"):
        claim(run, replace(ONCE, digest="e" * 64), now=now)


def test_the_same_key_of_somebody_else_is_another_key(run):
    assert claim(run) is claim(run, replace(ONCE, owner="neighbour")) is None


def test_who_was_thought_dead_and_comes_late_changes_nothing(run):
    claim(run)
    claim(run, now=LATER)
    run(lambda tx: idempotency.finish(tx, ONCE, ANSWER))
    with pytest.raises(Refusal, match="idempotency_key_in_use"):
        run(lambda tx: idempotency.finish(tx, ONCE, Answer(201, "another")))
    assert claim(run) == ANSWER


def test_old_answers_go_in_portions_that_let_others_write(run):
    for number in range(DROPPED_MAX + 1):
        claim(run, replace(ONCE, key=f"key-{number:05d}"))
    after = NOW + idempotency.KEPT + timedelta(seconds=1)
    portions = [run(lambda tx: idempotency.drop_old(tx, now=after)) for _ in range(3)]
    assert portions == [DROPPED_MAX, 1, 0]
