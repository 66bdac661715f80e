"""A card payment: decided by the gateway, however its word reaches us, how often and in what order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from backend.checkout import refunds
from backend.checkout.made_good import Way, make_good
from backend.checkout.refunds import Refund, Refunded
from backend.db.outbox import Kind
from backend.errors import Refusal
from backend.operations.reconcile import reconcile
from backend.orders.order import hold
from backend.orders.tables import orders
from tests.backend.checkout.card_till import WAIT, CardTill
from tests.backend.inventory.shelf import IDS, NOON
from tests.backend.orders.counter import a_member
from tests.loopback_stripe import LoopbackStripe


@pytest.fixture
def stripe() -> Iterator[LoopbackStripe]:
    service = LoopbackStripe()
    yield service
    service.close()


@pytest.fixture
def till(buyer, stripe) -> CardTill:
    return CardTill(buyer, stripe)


def kinds_found(till) -> set[str]:
    """What reconcile has to say; every test that takes or returns money asks it."""
    report = reconcile(till.run, now=till.clock.now())
    kinds = {finding.kind for found in report.findings.values() for finding in found}
    return kinds - {"message_stuck"}  # nobody delivers here


def agree(till) -> bool:
    """Gateway, ledger, goods and orders."""
    return -till.on("card") == till.stripe.captured_minor and kinds_found(till) == set()


def refused(act) -> str:
    with pytest.raises(Refusal) as refusal:
        act()
    return refusal.value.code


def placed(till) -> list[tuple[str, int]]:
    rows = select(orders.c.method, orders.c.total_minor)
    return [tuple(row) for row in till.run.read(lambda tx: tx.execute(rows).all())]


def test_a_confirmed_card_becomes_an_order_and_leaves_the_wallet_alone(till, buyer):
    checkout = till.begun("DATES", "BREAD")
    assert (buyer.state(checkout), placed(till)) == ("paying", [])
    till.stripe.confirm(ref := till.ref(checkout))
    till.tell(till.stripe.event(ref))
    assert (buyer.state(checkout), placed(till)) == ("paid", [("card", 25_50)])
    assert (buyer.money_minor, till.on("card"), till.on("vat")) == (100_00, -25_50, 3_00)
    assert buyer.shelf.counted("DATES") == (9, 0)
    assert len(buyer.told(Kind.PAYMENT_SETTLED)) == 1
    assert agree(till)


def test_no_gateway_is_called_before_the_shopper_looks_and_a_time_out_decides_nothing(till, stripe):
    checkout = till.begun("DATES")
    assert stripe.calls == []
    stripe.mood = "lost"
    assert refused(lambda: till.look(checkout)) == "gateway_unavailable"
    assert till.state(checkout) == "pending"
    stripe.mood = "ok"
    assert till.ref(checkout) == next(iter(stripe.intents))
    assert len(stripe.intents) == 1


def test_copies_of_a_look_share_one_intent(till, stripe):
    checkout = till.begun("DATES")
    with ThreadPoolExecutor(8) as pool:
        refs = list(pool.map(lambda _: till.ref(checkout), range(8)))
    assert len(set(refs)) == len(stripe.intents) == 1


def test_an_event_counts_once_however_often_it_comes(till, buyer):
    checkout = till.begun("DATES")
    till.stripe.confirm(ref := till.ref(checkout))
    event = till.stripe.event(ref)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: till.tell(event), range(4)))
    till.tell(till.stripe.event(ref))  # another event that says the same
    assert (len(placed(till)), till.on("card")) == (1, -23_00)


def test_a_failure_that_is_told_after_the_success_changes_nothing(till, buyer):
    checkout = till.begun("DATES")
    ref = till.ref(checkout)
    till.stripe.decline(ref)
    declined = till.stripe.event(ref)
    till.stripe.confirm(ref)
    till.tell(till.stripe.event(ref))
    till.tell(declined)
    assert (till.state(checkout), buyer.state(checkout)) == ("captured", "paid")
    assert buyer.told(Kind.PAYMENT_FAILED) == []


def test_a_declined_card_is_told_once_and_may_be_tried_again(till, buyer):
    checkout = till.begun("DATES")
    ref = till.ref(checkout)
    till.stripe.decline(ref)
    for _ in range(2):
        till.tell(till.stripe.event(ref))
    assert (till.state(checkout), len(buyer.told(Kind.PAYMENT_FAILED))) == ("failed", 1)
    assert till.ref(checkout) == ref
    till.stripe.confirm(ref)
    till.tell(till.stripe.event(ref))
    assert buyer.state(checkout) == "paid"


def test_an_event_may_come_before_the_call_that_made_its_intent_is_answered(till, buyer, stripe):
    checkout = till.begun("DATES")

    def quick(intent):
        stripe.created = lambda _intent: None
        stripe.confirm(intent["id"])
        till.tell(stripe.event(intent["id"]))

    stripe.created = quick
    looked = till.look(checkout)
    assert (looked.payment.state, looked.client_secret) == ("captured", None)
    assert (buyer.state(checkout), len(placed(till))) == ("paid", 1)


def test_what_nobody_told_us_is_found_by_asking(till, buyer):
    checkout = till.begun("DATES")
    till.stripe.confirm(till.ref(checkout))
    assert till.follow() == 0  # for a minute we wait to be told
    assert -till.on("card") != till.stripe.captured_minor
    till.clock.move(seconds=61)
    till.follow()
    assert buyer.state(checkout) == "paid"


def test_events_of_unknown_payments_wait_for_days_and_are_then_named(till):
    theirs = till.gateway.create(IDS.uuid7(), 5_00, "SAR").ref
    till.stripe.decline(theirs)
    till.tell(till.stripe.event(theirs))
    assert till.event_states() == ["due"]
    till.clock.move(hours=71)
    till.follow()
    assert till.event_states() == ["due"]
    till.clock.move(hours=2)
    till.follow()
    assert till.event_states() == ["strange"]
    assert kinds_found(till) == {"gateway_event_strange"}


def test_a_capture_of_another_amount_is_kept_apart_and_named(till, buyer):
    checkout = till.begun("DATES")
    ref = till.ref(checkout)
    till.stripe.intents[ref]["amount"] = 1_00
    till.stripe.confirm(ref)
    till.tell(till.stripe.event(ref))
    assert (till.event_states(), buyer.state(checkout)) == (["strange"], "paying")
    assert kinds_found(till) == {"gateway_event_strange"}


def test_an_unknown_type_is_stored_and_ignored(till):
    checkout = till.begun("DATES")
    till.tell(till.stripe.event(till.ref(checkout), type="payment_intent.processing"))
    assert till.event_states() == ["ignored"]


def test_a_shopper_who_cancels_has_the_cart_again(till, buyer):
    checkout = till.begun("DATES")
    ref = till.ref(checkout)
    till.cancel(checkout)
    assert (buyer.state(checkout), till.stripe.intents[ref]["status"]) == ("cancelled", "canceled")
    assert buyer.current().state == "open"
    assert buyer.shelf.counted("DATES") == (10, 1)
    till.tell(till.stripe.event(ref))
    assert till.state(checkout) == "cancelled"


def test_cancelling_what_is_paid_by_then_is_refused_and_the_order_stands(till, buyer):
    checkout = till.begun("DATES")
    till.stripe.confirm(till.ref(checkout))
    assert refused(lambda: till.cancel(checkout)) == "checkout_not_open"
    assert (buyer.state(checkout), len(placed(till))) == ("paid", 1)


def test_a_payment_that_nobody_looked_at_is_cancelled_without_asking_anybody(till, buyer, stripe):
    checkout = till.begun("DATES")
    till.cancel(checkout)
    assert (buyer.state(checkout), stripe.calls) == ("cancelled", [])


def test_what_is_not_confirmed_in_time_is_withdrawn_and_the_cart_comes_back(till, buyer):
    checkout = till.begun("DATES")
    ref = till.ref(checkout)
    till.clock.move(seconds=WAIT.total_seconds() + 1)
    till.follow()
    assert (buyer.state(checkout), till.stripe.intents[ref]["status"]) == ("expired", "canceled")
    assert buyer.current(now=till.clock.now()).state == "open"


def test_the_goods_are_held_while_the_card_is_confirmed(till, buyer):
    checkout = till.begun("DATES")
    till.clock.move(seconds=WAIT.total_seconds() - 1)
    till.stripe.confirm(till.ref(checkout))
    till.clock.move(minutes=3)
    till.follow()
    assert buyer.state(checkout) == "paid"


def test_a_capture_that_finds_its_goods_gone_goes_back_and_the_shopper_is_told(till, buyer, stripe):
    checkout = till.begun("DATES")
    stripe.confirm(ref := till.ref(checkout))
    event = stripe.event(ref)
    till.clock.move(hours=1)
    till.tell(event)
    assert (till.state(checkout), buyer.state(checkout)) == ("returning", "expired")
    assert (till.on("card"), till.on("suspense"), placed(till)) == (-23_00, 23_00, [])
    assert [told["amount_minor"] for told in buyer.told(Kind.PAYMENT_RETURNED)] == [23_00]
    for mood in ("lost", "ok", "ok"):
        stripe.mood = mood
        if mood == "lost":
            assert refused(till.follow) == "gateway_unavailable"
        else:
            till.follow()
        till.clock.move(seconds=61)
    assert till.state(checkout) == "returned"
    assert (till.on("card"), till.on("suspense"), stripe.captured_minor) == (0, 0, 0)
    assert len(stripe.refunds) == 1
    assert buyer.shelf.counted("DATES")[0] == 10
    assert agree(till)


def test_a_success_after_the_shopper_cancelled_goes_back(till, buyer, stripe):
    """The gateway never does this; were it to, no money may be lost."""
    checkout = till.begun("DATES")
    ref = till.ref(checkout)
    till.cancel(checkout)
    stripe.intents[ref]["status"] = "requires_payment_method"
    stripe.confirm(ref)
    till.tell(stripe.event(ref))
    assert till.state(checkout) == "returning"
    assert buyer.current().state == "open"
    assert agree(till)
    till.clock.move(seconds=61)
    till.follow()
    assert stripe.captured_minor == 0
    assert agree(till)


def paid(till) -> str:
    """The id of an order that was paid by card."""
    checkout = till.begun("DATES", "DATES")
    till.stripe.confirm(ref := till.ref(checkout))
    till.tell(till.stripe.event(ref))
    this = select(orders.c.id).where(orders.c.checkout_id == checkout.id)
    return str(till.run.read(lambda tx: tx.execute(this).scalar_one()))


def refund(till, order_id: str, lines: dict[str, int] | None = None) -> Refunded:
    asked = Refund("broken", "restock", lines)
    given = {"actor": "staff:somebody", "ids": IDS, "now": NOON}
    return till.run(lambda tx: refunds.refund(tx, hold(tx, order_id), asked, **given))


def refund_states(till, order_id: str) -> list[str]:
    return [made.state for made in till.run.read(lambda tx: refunds.of_order(tx, order_id))]


def test_refunds_of_an_order_reach_the_card_once_each_whatever_becomes_of_the_answer(till, stripe):
    order_id = paid(till)
    line = till.run(lambda tx: hold(tx, order_id)).lines[0]
    refund(till, order_id, {line.id: 1})
    refund(till, order_id)
    assert refund_states(till, order_id) == ["pending", "pending"]
    stripe.mood = "lost"
    assert refused(till.follow) == "gateway_unavailable"
    assert refund_states(till, order_id) == ["pending", "pending"]
    stripe.mood = "ok"
    assert till.follow() == 2
    assert till.follow() == 0
    assert refund_states(till, order_id) == ["done", "done"]
    assert [made["amount"] for made in stripe.refunds] == [23_00, 23_00]
    assert (stripe.captured_minor, till.on("card")) == (0, 0)
    assert agree(till)


def test_a_refund_that_the_gateway_will_not_make_is_marked_so_and_told_once(till, buyer, stripe):
    order_id = paid(till)
    intent = next(iter(stripe.intents.values()))
    stripe.refunded(intent, intent["amount"])  # by hand, in the gateway's own office
    made = refund(till, order_id)
    assert [till.follow(), till.follow()] == [1, 0]
    assert refund_states(till, order_id) == ["failed"]
    (told,) = buyer.told(Kind.REFUND_FAILED)
    assert (told["order_id"], told["credit_note"], told["amount_minor"]) == (order_id, 1, made.amount_minor)


def failed_later(till) -> Refunded:
    """A refund that the gateway took, and that the bank sent back days later."""
    made = refund(till, paid(till))
    till.follow()
    till.tell(till.stripe.refund_failed(till.stripe.refunds[0]))
    return made


def made_good(till, made: Refunded, way: Way) -> Refunded:
    cashier = a_member(till.run, till.buyer.shelf.store.id, "cashier")
    given = {"staff": cashier, "ids": IDS, "now": NOON}
    return till.run(lambda tx: make_good(tx, made.order_id, made.id, way, **given))


def test_a_refund_that_was_made_may_still_fail_and_is_told_once(till, buyer):
    order_id = paid(till)
    refund(till, order_id)
    till.follow()
    assert refund_states(till, order_id) == ["done"]
    event = till.stripe.refund_failed(till.stripe.refunds[0])
    till.tell(event)
    till.tell(event)
    assert refund_states(till, order_id) == ["failed"]
    assert len(buyer.told(Kind.REFUND_FAILED)) == 1
    assert kinds_found(till) == {"card_refund_refused"}


def test_word_of_a_failed_refund_outruns_the_answer_to_the_call_that_made_it(till, stripe):
    order_id = paid(till)
    refund(till, order_id)
    stripe.mood = "lost"
    assert refused(till.follow) == "gateway_unavailable"
    stripe.mood = "ok"
    till.tell(stripe.refund_failed(stripe.refunds[0]))
    till.follow()
    assert refund_states(till, order_id) == ["failed"]


def test_what_the_card_did_not_take_is_paid_into_the_wallet_once(till, buyer):
    made = failed_later(till)
    before = buyer.money_minor
    assert [made_good(till, made, "wallet").state for _ in range(2)] == ["wallet", "wallet"]
    assert buyer.money_minor == before + made.amount_minor
    (told,) = buyer.told(Kind.REFUND_IN_WALLET)
    assert told["amount_minor"] == made.amount_minor
    assert refused(lambda: made_good(till, made, "by_hand")) == "refund_not_failed"
    assert agree(till)


def test_what_somebody_paid_back_at_the_gateway_by_hand_moves_no_money_of_ours(till, buyer):
    made = failed_later(till)
    till.stripe.refunded(next(iter(till.stripe.intents.values())), made.amount_minor)
    before = buyer.money_minor
    assert made_good(till, made, "by_hand").state == "by_hand"
    assert refused(lambda: made_good(till, made, "wallet")) == "refund_not_failed"
    assert buyer.money_minor == before
    assert agree(till)


def test_a_refund_that_did_not_fail_is_not_made_good(till):
    made = refund(till, paid(till))
    assert refused(lambda: made_good(till, made, "wallet")) == "refund_not_failed"
    till.follow()
    assert refused(lambda: made_good(till, made, "wallet")) == "refund_not_failed"
    assert agree(till)


@pytest.mark.parametrize("key", ["0198c0de-0000-7000-8000-000000000000", "not one of ours", "x" * 500])
def test_word_of_a_refund_that_we_do_not_know_is_kept_for_days_and_then_named(till, key):
    failed_later(till)
    strange = {"id": "re_0", "object": "refund", "metadata": {"refund": key}}
    till.tell({"id": "evt_0", "object": "event", "type": "refund.failed", "data": {"object": strange}})
    assert till.event_states() == ["applied", "applied", "due"]
    till.clock.move(days=4)
    till.follow()
    assert till.event_states() == ["applied", "applied", "strange"]


def test_word_of_a_refund_made_by_hand_is_not_for_us(till):
    by_hand = {"id": "re_0", "object": "refund", "metadata": {}}
    till.tell({"id": "evt_0", "object": "event", "type": "refund.failed", "data": {"object": by_hand}})
    assert till.event_states() == ["ignored"]
