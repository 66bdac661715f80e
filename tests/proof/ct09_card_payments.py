"""CT9: what the gateway tells late, early, often, never, wrongly or out of order; its money and ours stay one sum.

Webhook and worker run in this process, as two nodes with engines of their own, since their clock is moved.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from backend import worker
from backend.adapters.stripe_gateway import StripeGateway
from backend.api.app import create_app
from backend.checkout.open import Checkout
from backend.checkout.tables import card_payments, gateway_events
from backend.db.outbox import Kind
from backend.db.transaction import Runner, engine_for
from backend.ledger.accounts import open_store_accounts
from backend.ledger.tables import accounts, entries
from backend.operations.reconcile import reconcile
from backend.orders.tables import orders
from tests.backend.checkout.card_till import CardTill
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import IDS, NOON, Shelf
from tests.fakes import MovedClock
from tests.loopback_stripe import SECRET_KEY, WEBHOOK_SECRET, LoopbackStripe
from tests.proof import invariants
from tests.proof.ct12_reconcile import another_shop
from tests.proof.fleet import Fleet
from tests.proof.load import Clients, Log, clients, meanwhile
from tests.proof.result import Found, Size, proof
from tests.proof.sabotage import here

FATES = {  # of twenty payments
    "early": 2,  # told before the call that made its intent was answered
    "late": 1,  # confirmed in time, told an hour later: the goods are somebody else's by then
    "lost": 1,  # never told
    "declined": 1,  # and told so again after its success
    "given up": 1,  # never confirmed
    "told": 14,
}
RANKS = ("pending", "failed", "cancelled", "captured", "returning", "returned")
CAPTURED = ("captured", 1, 0, 0)  # state, orders, refunds at the gateway, messages that the money went back
ENDS = {"late": ("returned", 0, 1, 1), "given up": ("cancelled", 0, 0, 0)}
SCARCE = "SCARCE"
PRICES_MINOR = {"WATER": 1_00, "BREAD": 2_50, "DATES": 23_00, "SAFFRON": 99_99, SCARCE: 7_00}
SKUS = ("WATER", "BREAD", "DATES", "SAFFRON")
LOOK_S = 0.02


@dataclass
class Payment:
    fate: str
    till: CardTill
    checkout: Checkout
    refs: list[str]  # of its intents


Letter = tuple[bytes, str]  # body and signature


@proof("CT9", "Gateway webhooks", sabotage="state_falls")
def ct9(fleet: Fleet, *, size: Size, seed: int) -> Found:
    found, chance = Found(), random.Random(seed)
    fates = [fate for fate, share in FATES.items() for _ in range(share)] * size.of(1, 100)
    chance.shuffle(fates)
    counted = Counter(fates)
    goods = [SCARCE if fate == "late" else chance.choice(SKUS) for fate in fates]
    with (
        another_shop(fleet) as run,
        here(fleet.sabotaged),
        loopback() as stripe,
        closing(CardShop(fleet, run, stripe, counted["late"])) as shop,
        clients(4) as some,
    ):
        payments, watch = some.each(shop.begin, zip(fates, goods, strict=True)), Watch(run)
        with meanwhile(watch.look):
            go_through(found, shop, some, payments, chance)
        settled(found, shop, payments)
    found.faults += watch.fell
    found.n = len(payments)
    found.figure = (
        f"{len(payments)} payments, {counted['early']} told early, {counted['late']} an hour late and "
        f"{counted['lost']} never, by {shop.sent} deliveries at two nodes: {stripe.captured_minor} minor units "
        f"at the gateway and in the ledger, {len(stripe.refunds)} payments sent back"
    )
    return found


def go_through(
    found: Found, shop: CardShop, some: Clients, payments: list[Payment], chance: random.Random
) -> None:
    late = [payment for payment in payments if payment.fate == "late"]
    events = decide(shop, payments)
    ignored, nobodys = strangers(shop, payments[0]), of_nobody(shop)
    deliver_forged(found, shop, events[-1])
    deliver(found, shop, some, [*events, *ignored, nobodys], chance)
    shop.follow()  # finds what was lost
    for payment in late:
        shop.stripe.confirm(payment.refs[0])
    shop.clock.move(hours=1)  # in which nobody works and nothing is told
    for _ in late:
        shop.somebody_takes(SCARCE)
    deliver(found, shop, some, [shop.stripe.event(payment.refs[0]) for payment in late], chance)
    deliver(found, shop, some, events, chance)  # all of it once more, the failures after the successes
    for _ in range(2):
        shop.follow()
    states = event_states(shop.run)
    wanted = {event["id"]: "applied" for event in events} | {event["id"]: "ignored" for event in ignored}
    wrong = {name: states.get(name) for name, state in wanted.items() if states.get(name) != state}
    found.demand(not wrong, f"events that should be applied or ignored are {wrong}")
    found.demand("evt_forged" not in states, "a forged event was stored")
    kept = states.get(nobodys["id"])
    found.demand(kept == "due", f"the event of an unknown intent is {kept}, not kept")


class CardShop:
    """Two nodes before one database, and shoppers who pay by card."""

    def __init__(self, fleet: Fleet, run: Runner, stripe: LoopbackStripe, late: int) -> None:
        self.run, self.stripe = run, stripe
        self.clock = MovedClock()
        self.clock.at = NOON
        self.shelf = Shelf(run)
        run(lambda tx: open_store_accounts(tx, self.shelf.store.id, "SAR"))
        for sku, price_minor in PRICES_MINOR.items():
            self.shelf.put(sku, pieces=late if sku == SCARCE else 10_000, price_minor=price_minor)
        self.other = Runner(engine_for(run.engine.url.render_as_string(hide_password=False)))
        self.gateway = StripeGateway(SECRET_KEY, WEBHOOK_SECRET, url=stripe.url)
        self.nodes = [
            replace(fleet.services, run=each, gateway=self.gateway, clock=self.clock)
            for each in (run, self.other)
        ]
        self.clients = [create_app(node).test_client for node in self.nodes]
        self.hurried: set[str] = set()  # checkouts of which the gateway tells before it answers
        self.sent = 0
        stripe.created = self.tell_at_once

    def close(self) -> None:
        self.other.engine.dispose()

    def begin(self, given: tuple[str, str]) -> Payment:
        fate, sku = given
        till = CardTill(Buyer(self.shelf, money_minor=0), self.stripe)
        till.clock = self.clock
        checkout = till.begun(sku)
        if fate == "early":
            self.hurried.add(checkout.id)
        till.look(checkout)
        return Payment(fate, till, checkout, self.stripe.refs_of(checkout.id))

    def tell_at_once(self, intent: dict[str, Any]) -> None:
        if intent["metadata"]["checkout"] in self.hurried:
            self.stripe.confirm(intent["id"])
            self.post(self.stripe.signed(self.stripe.event(intent["id"]), self.clock.now()))

    def post(self, letter: Letter) -> int:
        """To the next node."""
        self.sent += 1
        body, signature = letter
        client = self.clients[self.sent % len(self.clients)]()
        return client.post(
            "/v1/webhooks/stripe", data=body, headers={"Stripe-Signature": signature}
        ).status_code

    def follow(self) -> None:
        """The workers of both nodes, a minute and a bit later, until there is nothing more to do."""
        self.clock.move(seconds=61)
        while sum(worker.follow_cards(node) for node in self.nodes):
            pass

    def somebody_takes(self, sku: str) -> None:
        now = self.clock.now()
        other = Buyer(self.shelf)
        checkout = other.open(other.scan(sku, now=now).cart.id, now=now)
        assert other.prove(checkout, now=now)
        paid = other.pay(checkout, other.grant(), now=now)
        assert paid.status == 201, paid


class Watch:
    """Looks at every payment's state over and over."""

    def __init__(self, run: Runner) -> None:
        self.run = run
        self.ranks: dict[str, int] = {}
        self.fell: list[str] = []

    def look(self) -> None:
        rows = self.run.read(
            lambda tx: tx.execute(select(card_payments.c.checkout_id, card_payments.c.state)).all()
        )
        for checkout_id, state in rows:
            before, rank = self.ranks.get(checkout_id, 0), RANKS.index(state)
            if rank < before:
                self.fell.append(f"{checkout_id} fell from {RANKS[before]} to {state}")
            self.ranks[checkout_id] = rank
        time.sleep(LOOK_S)


def decide(shop: CardShop, payments: list[Payment]) -> list[dict[str, Any]]:
    """What becomes of each at the gateway, and the events about it that will come at all."""
    events = []
    for payment in payments:
        ref = payment.refs[0]
        if payment.fate == "declined":
            shop.stripe.decline(ref)
            events.append(shop.stripe.event(ref))
        if payment.fate not in ("late", "given up"):
            shop.stripe.confirm(ref)
        if payment.fate in ("early", "declined", "told"):
            events.append(shop.stripe.event(ref))
    return events


def deliver(
    found: Found, shop: CardShop, some: Clients, events: list[dict[str, Any]], chance: random.Random
) -> None:
    """Each one to five times, shuffled, through both nodes at once."""
    letters = [
        shop.stripe.signed(event, shop.clock.now()) for event in events for _ in range(chance.randint(1, 5))
    ]
    chance.shuffle(letters)
    answers = Counter(some.each(shop.post, letters))
    found.demand(answers.keys() == {200}, f"events were answered {dict(answers)}")


def deliver_forged(found: Found, shop: CardShop, event: dict[str, Any]) -> None:
    """None of it may be believed, or even stored."""
    event = event | {"id": "evt_forged"}
    now = shop.clock.now()
    body, signature = shop.stripe.signed(event, now)
    forged = {
        "wrong signature": (body, signature[:-1] + ("0" if signature[-1] != "0" else "1")),
        "altered": (body.replace(b"succeeded", b"Succeeded", 1), signature),
        "stale": shop.stripe.signed(event, now - timedelta(seconds=301)),
        "of the future": shop.stripe.signed(event, now + timedelta(seconds=301)),
        "not signed": (body, ""),
    }
    for what, letter in forged.items():
        found.demand(shop.post(letter) == 400, f"{what}: not refused")


def strangers(shop: CardShop, known: Payment) -> list[dict[str, Any]]:
    """Rightly signed, but nothing that may move anything of ours: another account's, an unknown type."""
    ref = known.refs[0]
    return [
        shop.stripe.event(ref, account="acct_another", type="payment_intent.succeeded"),
        shop.stripe.event(ref, type="payment_intent.processing"),
    ]


def of_nobody(shop: CardShop) -> dict[str, Any]:
    """Of an intent that none of our checkouts has."""
    shop.stripe.decline(ref := shop.gateway.create(IDS.uuid7(), 5_00, "SAR").ref)
    return shop.stripe.event(ref)


def event_states(run: Runner) -> dict[str, str]:
    rows = select(gateway_events.c.id, gateway_events.c.state)
    return {row.id: row.state for row in run.read(lambda tx: tx.execute(rows).all())}


def settled(found: Found, shop: CardShop, payments: list[Payment]) -> None:
    """Every payment came to what its fate says; nothing is missing anywhere."""
    run, stripe = shop.run, shop.stripe
    placed = Counter(run.read(lambda tx: tx.execute(select(orders.c.checkout_id)).scalars().all()))
    back = Counter(refund["payment_intent"] for refund in stripe.refunds)
    for payment in payments:
        expected = ENDS.get(payment.fate, CAPTURED)
        returned = payment.till.buyer.told(Kind.PAYMENT_RETURNED)
        seen = (
            payment.till.state(payment.checkout),
            placed[payment.checkout.id],
            back[payment.refs[0]],
            len(returned),
        )
        found.demand(seen == expected, f"{payment.fate}: {seen}, not {expected}")
        found.demand(len(payment.refs) == 1, f"{payment.fate}: intents {payment.refs}")
    owed = (
        select(func.coalesce(func.sum(entries.c.amount_minor), 0))
        .join(accounts, accounts.c.id == entries.c.account_id)
        .where(accounts.c.kind == "card")
    )
    ledger = -int(run.read(lambda tx: tx.execute(owed).scalar_one()))
    found.demand(ledger == stripe.captured_minor, f"gateway {stripe.captured_minor}, ledger {ledger}")
    found.faults += invariants.broken(run.engine, Log(), delivered=False)
    report = reconcile(run, now=shop.clock.now())
    kinds = {finding.kind for findings in report.findings.values() for finding in findings}
    found.demand(kinds <= {"message_stuck"}, f"reconcile: {kinds}")  # nobody delivers messages here


@contextmanager
def loopback() -> Iterator[LoopbackStripe]:
    stripe = LoopbackStripe()
    try:
        yield stripe
    finally:
        stripe.close()
