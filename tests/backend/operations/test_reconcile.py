"""Reconcile: a shop that did its work passes, and each planted corruption is found and named."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import pytest

from backend.db.findings import Rule, Scope, some
from backend.db.transaction import Runner, Transaction, engine_for
from backend.operations.reconcile import ROOMS, reconcile
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import MINUTE, NOON
from tests.backend.operations.corruptions import CORRUPTIONS, STOPPED, discover, is_stopped, named
from tests.backend.operations.good_shop import a_good_shop

UNPLANTED = set[str]()  # kinds of rules whose corruption needs what this shop has not


@pytest.fixture
def shop(run: Runner) -> Buyer:
    return a_good_shop(run)


def test_a_shop_that_did_its_work_passes(shop: Buyer) -> None:
    report = reconcile(shop.run, now=NOON)
    assert report.to_json() == {"ok": True, "rooms": {room: [] for room in report.findings}}
    assert report.to_lines() == [f"ok     {room}" for room in report.findings]


def test_every_planted_corruption_is_named_by_kind_and_row(shop: Buyer) -> None:
    missed = {}
    for corruption in CORRUPTIONS:
        subject, found = discover(shop.run, corruption, Scope(NOON))
        if (corruption.kind, subject) not in named(found):
            missed[corruption.name] = (corruption.kind, subject, found)
    assert missed == {}
    assert reconcile(shop.run, now=NOON).ok


def test_every_rule_has_a_corruption_that_breaks_it() -> None:
    rules = {rule.kind for rules in ROOMS.values() for rule in rules} | {"audit_chain"}
    assert rules - UNPLANTED == {corruption.kind for corruption in CORRUPTIONS}


def test_the_daily_form_sees_what_the_day_made_and_nothing_before(shop: Buyer) -> None:
    assert reconcile(shop.run, now=NOON, since=NOON).ok
    assert reconcile(shop.run, now=NOON, since=NOON + MINUTE).ok
    wrong_total = next(one for one in CORRUPTIONS if one.kind == "order_total")
    for since, seen in ((NOON, True), (NOON + MINUTE, False)):
        subject, found = discover(shop.run, wrong_total, Scope(NOON, since), whole=True)
        assert (("order_total", subject) in named(found)) is seen


@pytest.mark.parametrize("since", [None, NOON - MINUTE])
def test_no_rule_reads_a_table_anew_for_each_row_of_another(sqlite_url: str, since: datetime | None) -> None:
    """SQLite would, where neither an index nor one that it makes itself serves a join: a quarter of an hour for 50,000
    orders. PostgreSQL hashes."""
    run = Runner(engine_for(sqlite_url))
    rules = [rule for rules in ROOMS.values() for rule in rules]
    plans = {rule.kind: run.read(partial(plan, rule=rule, scope=Scope(NOON, since))) for rule in rules}
    assert {kind: loops for kind, steps in plans.items() if (loops := inner_loops(steps))} == {}
    run.engine.dispose()


class Step(NamedTuple):
    id: int
    parent: int
    unused: int
    says: str


def plan(tx: Transaction, rule: Rule, scope: Scope) -> list[Step]:
    statement = some(rule.breaches(scope)).compile(tx.engine, compile_kwargs={"render_postcompile": True})
    given = ("",) * str(statement).count("?")  # no plan depends on what is given
    return [Step(*row) for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]


def inner_loops(steps: list[Step]) -> list[str]:
    """Those that go through a whole table each time; an index made of rows that share a constant is no help."""
    found, begun = [], {step.id for step in steps if step.says.startswith("CORRELATED")}
    for step in steps:
        whole = step.says.startswith("SCAN") and "VIRTUAL TABLE" not in step.says
        if (whole and step.parent in begun) or "AUTOMATIC PARTIAL" in step.says:
            found.append(step.says)
        if step.says.startswith(("SCAN", "SEARCH")):
            begun.add(step.parent)
    return found


def test_what_constraints_can_stop_is_stopped(shop: Buyer) -> None:
    assert [name for name in STOPPED if not is_stopped(shop.run, name)] == []


def test_a_message_without_a_worker_is_found(shop: Buyer) -> None:
    shop.top_up(5_00)
    assert reconcile(shop.run, now=NOON).ok
    late = reconcile(shop.run, now=NOON + timedelta(minutes=11))
    assert [finding.found for finding in late.findings["db"]] == ["waiting"]
    assert not late.ok
