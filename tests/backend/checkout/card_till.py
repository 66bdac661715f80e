"""A shopper who pays by card, with Stripe on loopback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from backend.adapters.stripe_gateway import StripeGateway
from backend.checkout import card, gateway_events
from backend.checkout.card import Cards, Looked
from backend.checkout.open import Checkout
from backend.checkout.tables import card_payments
from backend.checkout.tables import gateway_events as events
from backend.ledger.tables import accounts, entries
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import IDS, NOON
from tests.fakes import MovedClock
from tests.loopback_stripe import SECRET_KEY, WEBHOOK_SECRET, LoopbackStripe

WAIT = timedelta(minutes=15)


class CardTill:
    def __init__(self, buyer: Buyer, stripe: LoopbackStripe) -> None:
        self.buyer = buyer
        self.run = buyer.run
        self.stripe = stripe
        self.gateway = StripeGateway(SECRET_KEY, WEBHOOK_SECRET, url=stripe.url)
        self.clock = MovedClock()
        self.clock.at = NOON

    @property
    def at(self) -> dict[str, Any]:
        return {"run": self.run, "gateway": self.gateway, "ids": IDS, "clock": self.clock}

    def begun(self, *skus: str) -> Checkout:
        """PIN and grant were right; nothing is charged."""
        checkout, grant = self.buyer.granted(*skus)
        answer = self.buyer.pay(checkout, grant, cards=Cards("stripe", WAIT))
        assert answer.status == 202
        return checkout

    def look(self, checkout: Checkout) -> Looked:
        return card.look(checkout.id, self.buyer.shopper_id, **self.at)

    def ref(self, checkout: Checkout) -> str:
        """Of the intent, which the first look makes."""
        secret = self.look(checkout).client_secret
        assert secret is not None
        return secret.partition("_secret")[0]

    def cancel(self, checkout: Checkout) -> None:
        card.cancel(checkout.id, self.buyer.shopper_id, **self.at)

    def tell(self, event: dict[str, Any]) -> None:
        """As the web hook does."""
        now = self.clock.now()
        told = self.gateway.read_event(*self.stripe.signed(event, now), now=now)
        if self.run(lambda tx: gateway_events.store(tx, told, now=now)):
            self.run(lambda tx: gateway_events.apply_one(tx, told.id, ids=IDS, now=now))

    def follow(self) -> int:
        """As the worker does."""
        done = gateway_events.apply_due(run=self.run, ids=IDS, clock=self.clock)
        return done + card.sweep(**self.at) + card.send_refunds(**self.at)

    def state(self, checkout: Checkout) -> str:
        row = select(card_payments.c.state).where(card_payments.c.checkout_id == checkout.id)
        return str(self.run.read(lambda tx: tx.execute(row).scalar_one()))

    def event_states(self) -> list[str]:
        return sorted(self.run.read(lambda tx: tx.execute(select(events.c.state)).scalars().all()))

    def on(self, kind: str) -> int:
        """The sum of the store's account of this kind, in minor units."""
        total = (
            select(func.coalesce(func.sum(entries.c.amount_minor), 0))
            .join(accounts, accounts.c.id == entries.c.account_id)
            .where(accounts.c.kind == kind)
        )
        return int(self.run.read(lambda tx: tx.execute(total).scalar_one()))
