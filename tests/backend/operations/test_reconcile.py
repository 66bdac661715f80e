"""Reconcile: a shop that did its work passes, and each planted corruption is found and named."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.checkout import card_outcome, gateway_events
from backend.checkout.afterwards import after_payment
from backend.checkout.card import Cards
from backend.checkout.mismatch import Mismatch, record_mismatch
from backend.checkout.open import Checkout
from backend.checkout.ports import GatewayEvent, Intent, IntentState
from backend.db import audit, outbox
from backend.db.findings import Finding, Scope
from backend.db.outbox import Kind
from backend.db.transaction import Runner, Transaction
from backend.operations.reconcile import ROOMS, check_rooms, reconcile
from backend.operations.rollups import catch_up
from tests.backend.checkout.till import Buyer, a_buyer
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf
from tests.backend.ledger.counter import Counter as Till
from tests.backend.operations.corruptions import CORRUPTIONS, Corruption, plain, unguard
from tests.backend.orders.counter import Counter, a_paid_order

UNPLANTED = set[str]()  # kinds of rules whose corruption needs what this shop has not


@pytest.fixture
def shop(run: Runner) -> Buyer:
    """Topped up, one order handed over, two refunded, three by card, one cart still open, everything delivered."""
    buyer = a_buyer(run)
    counter = Counter(buyer)
    counter.hand_over(counter.readied(a_paid_order(buyer, "DATES", "BREAD")))
    for goods in ("restock", "write_off"):
        lost = counter.readied(a_paid_order(buyer, "WATER", "BREAD"))
        command = Mismatch(lost.id, "bag of another", refund=True, goods=goods)
        run(lambda tx, command=command: record_mismatch(tx, command, staff=counter.staff, ids=IDS, now=NOON))
    pay_by_cards(run, buyer.shelf)
    buyer.scan("WATER")
    trade_in_cash(run, buyer)
    work_off(run)
    assert catch_up(run, now=NOON + timedelta(days=1)) == 1
    return buyer


def trade_in_cash(run: Runner, buyer: Buyer) -> None:
    """A voucher used once of twice, money paid out, the till closed with a difference."""
    till = Till(run, buyer.shelf.store.id, buyer.shopper_id)
    till.issue(20_00, uses=2)
    till.redeem()
    till.pay_out(5_00)
    till.close(100_00)


def pay_by_cards(run: Runner, shelf: Shelf) -> None:
    """One charged, one charged too late and given back, one not confirmed yet."""
    charged, late, _open = (begun_by_card(Buyer(shelf, money_minor=0)) for _ in range(3))
    run(lambda tx: card_outcome.give_up(tx, late.id, now=NOON))
    for checkout in (charged, late):
        agreed = (checkout.total_minor, checkout.currency, checkout.id)
        intent = Intent(f"pi_{checkout.id}", IntentState.CAPTURED, *agreed)
        event = GatewayEvent(f"evt_{checkout.id}", "payment_intent.succeeded", intent)
        run(lambda tx, event=event: gateway_events.store(tx, event, now=NOON))
        run(lambda tx, event=event: gateway_events.apply_one(tx, event.id, ids=IDS, now=NOON))
    run(lambda tx: card_outcome.went_back(tx, late.id, ids=IDS, now=NOON))


def begun_by_card(buyer: Buyer) -> Checkout:
    checkout, grant = buyer.granted("WATER")
    assert buyer.pay(checkout, grant, cards=Cards("stripe", 15 * MINUTE)).status == 202
    return checkout


def work_off(run: Runner) -> None:
    """What the worker does, without anybody to tell."""

    def once(tx: Transaction) -> None:
        for claimed in outbox.claim(tx, now=NOON, limit=1000):
            if claimed.happening.kind is Kind.PAYMENT_SETTLED:
                after_payment(tx, claimed.happening, now=NOON)
            outbox.done(tx, claimed, now=NOON)
        audit.chain(tx)

    run(once)


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
        subject, found = discover(shop.run, wrong_total, Scope(NOON, since))
        assert (("order_total", subject) in named(found)) is seen


def test_a_message_without_a_worker_is_found(shop: Buyer) -> None:
    shop.top_up(5_00)
    assert reconcile(shop.run, now=NOON).ok
    late = reconcile(shop.run, now=NOON + timedelta(minutes=11))
    assert [finding.found for finding in late.findings["db"]] == ["waiting"]
    assert not late.ok


def discover(run: Runner, corruption: Corruption, scope: Scope) -> tuple[str, list[Finding]]:
    """What is found; never committed, so that the next damage finds a clean shop."""
    with run.engine.connect() as connection:
        begin(connection)
        subject = corruption.plant(connection)
        report = check_rooms(connection, scope)
        connection.rollback()
    return subject, [finding for found in report.findings.values() for finding in found]


def begin(connection: Transaction) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    unguard(connection)


def named(found: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.kind, plain(finding.subject)) for finding in found}
