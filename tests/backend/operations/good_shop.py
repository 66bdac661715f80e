"""A shop that did its work: reconcile has nothing to say about it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from backend.checkout import card_outcome, gateway_events
from backend.checkout.afterwards import after_payment
from backend.checkout.card import Cards
from backend.checkout.made_good import make_good
from backend.checkout.mismatch import Mismatch, record_mismatch
from backend.checkout.open import Checkout
from backend.checkout.ports import GatewayEvent, Intent, IntentState
from backend.checkout.refunds import Refund, note, refund
from backend.db import audit, outbox
from backend.db.outbox import Kind
from backend.db.transaction import Runner, Transaction
from backend.operations.rollups import catch_up
from backend.orders.order import hold
from backend.orders.tables import orders
from tests.backend.checkout.test_coupons import a_coupon, with_coupon
from tests.backend.checkout.till import Buyer, a_buyer
from tests.backend.inventory.shelf import IDS, MINUTE, NOON, Shelf
from tests.backend.ledger.counter import Counter as Till
from tests.backend.orders.counter import Counter, a_member, a_paid_order


def a_good_shop(run: Runner) -> Buyer:
    """Topped up, one order handed over, two refunded, one with a coupon, four by card; a cart is still open."""
    buyer = a_buyer(run)
    counter = Counter(buyer)
    counter.hand_over(counter.readied(a_paid_order(buyer, "DATES", "BREAD")))
    for goods in ("restock", "write_off"):
        lost = counter.readied(a_paid_order(buyer, "WATER", "BREAD"))
        command = Mismatch(lost.id, "bag of another", refund=True, goods=goods)
        run(lambda tx, command=command: record_mismatch(tx, command, staff=counter.staff, ids=IDS, now=NOON))
    buy_with_a_coupon(buyer)
    pay_by_cards(run, buyer.shelf)
    buyer.scan("WATER")
    trade_in_cash(run, buyer)
    work_off(run)
    assert catch_up(run, now=NOON + timedelta(days=1)) == 1
    return buyer


def buy_with_a_coupon(buyer: Buyer) -> None:
    """Cancelled once before."""
    a_coupon(buyer.shelf)
    cart = with_coupon(buyer, "DATES", "BREAD")
    buyer.cancel(buyer.open(cart.id))
    checkout = buyer.open(cart.id)
    assert buyer.prove(checkout)
    assert buyer.pay(checkout, buyer.grant()).status == 201


def trade_in_cash(run: Runner, buyer: Buyer) -> None:
    """A voucher used once of twice, money paid out, the till closed with a difference."""
    till = Till(run, buyer.shelf.store.id, buyer.shopper_id)
    till.issue(20_00, uses=2)
    till.redeem()
    till.pay_out(5_00)
    till.close(100_00)


def pay_by_cards(run: Runner, shelf: Shelf) -> None:
    """Two charged, one charged too late and given back, one not confirmed yet. A refund to a card failed."""
    charged, again, late, _open = (begun_by_card(Buyer(shelf, money_minor=0)) for _ in range(4))
    run(lambda tx: card_outcome.give_up(tx, late.id, now=NOON))
    for checkout in (charged, again, late):
        agreed = (checkout.total_minor, checkout.currency, checkout.id)
        intent = Intent(f"pi_{checkout.id}", IntentState.CAPTURED, *agreed)
        event = GatewayEvent(f"evt_{checkout.id}", "payment_intent.succeeded", intent)
        run(lambda tx, event=event: gateway_events.store(tx, event, now=NOON))
        run(lambda tx, event=event: gateway_events.apply_one(tx, event.id, ids=IDS, now=NOON))
    run(lambda tx: card_outcome.went_back(tx, late.id, ids=IDS, now=NOON))
    refund_by_wallet(run, shelf, again)


def refund_by_wallet(run: Runner, shelf: Shelf, checkout: Checkout) -> None:
    staff = a_member(run, shelf.store.id, "cashier")
    this = select(orders.c.id).where(orders.c.checkout_id == checkout.id)

    def work(tx: Transaction) -> None:
        order = hold(tx, tx.execute(this).scalar_one())
        made = refund(tx, order, Refund("goodwill", "none"), actor=f"staff:{staff.id}", ids=IDS, now=NOON)
        note(tx, made.id, given=False, ids=IDS, now=NOON)
        make_good(tx, order.id, made.id, "wallet", staff=staff, ids=IDS, now=NOON)

    run(work)


def begun_by_card(buyer: Buyer) -> Checkout:
    checkout, grant = buyer.granted("WATER")
    assert buyer.pay(checkout, grant, cards=Cards("stripe", 15 * MINUTE)).status == 202
    return checkout


def work_off(run: Runner) -> None:
    """What the worker does, without anybody to tell."""

    def once(tx: Transaction) -> None:
        batch = outbox.claim(tx, now=NOON, limit=1000)
        for claimed in batch:
            if claimed.happening.kind is Kind.PAYMENT_SETTLED:
                after_payment(tx, claimed.happening, now=NOON)
        outbox.done(tx, batch, now=NOON)
        audit.chain(tx)

    run(once)
