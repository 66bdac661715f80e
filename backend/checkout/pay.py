"""Pay with a grant and a PIN, in three steps: claim the key and take a PIN slot; hash; settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backend.authorization import decisions
from backend.authorization.policy import Policy
from backend.checkout import afterwards, card, grants
from backend.checkout.card import Cards
from backend.checkout.open import Checkout, find_open
from backend.checkout.ports import Sealer
from backend.checkout.settle import settle
from backend.clock import Clock, Ids
from backend.db import audit, idempotency, outbox
from backend.db.idempotency import Answer, Once
from backend.db.moments import reached
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Run, Transaction
from backend.errors import Refusal
from backend.identity import locks, pins
from backend.identity.pins import StoredPin
from backend.identity.ports import PinHasher

NOT_AUTHORISED = "payment_not_authorised"  # one answer, whichever factor failed; the reason goes to the inbox


@dataclass(frozen=True, slots=True)
class PayWithPin:
    checkout_id: str
    shopper_id: str
    device_id: str
    grant: str = field(repr=False)
    pin: str = field(repr=False)
    once: Once
    cards: Cards | None = None  # None: from the wallet


def pay(
    command: PayWithPin, *, run: Run, hasher: PinHasher, sealer: Sealer, ids: Ids, clock: Clock
) -> Answer:
    """The stored answer of a repeat costs no PIN attempt. Raises Refusal payment_not_authorised, wallet_short, …"""
    claims = read_grant(command.grant, sealer)
    begun = run(lambda tx: begin(tx, command, claims, now=clock.now()))
    if begun is None and run(lambda tx: afterwards.catch_up(tx, command.shopper_id, now=clock.now())):
        begun = run(lambda tx: begin(tx, command, claims, now=clock.now()))
    if isinstance(begun, Answer):
        return begun
    if begun is None:
        run(lambda tx: tell(tx, Kind.PIN_LOCKED, command, ids=ids, now=clock.now()))
        raise Refusal(NOT_AUTHORISED)
    reached("idempotency_claimed")
    stored, checkout, policy = begun.pin, begun.checkout, begun.policy
    try:
        right = hasher.pin_matches(stored.pin_hash, stored.pepper_version, command.shopper_id, command.pin)
    except Refusal:
        run(lambda tx: give_back(tx, command))
        raise
    if not right:
        run(lambda tx: refuse(tx, command, ids=ids, now=clock.now()))
        raise Refusal(NOT_AUTHORISED)
    try:
        answer = run(lambda tx: conclude(tx, command, checkout, policy, ids=ids, now=clock.now()))
    except Refusal:
        run(lambda tx: undo(tx, command))
        raise
    reached("committed")
    return answer


def read_grant(grant: str, sealer: Sealer) -> Mapping[str, Any]:
    """Claims, or nothing that fits: a repeat must be answered even if its grant no longer opens."""
    try:
        return sealer.open_grant(grant)
    except Refusal:
        return {}


@dataclass(frozen=True, slots=True)
class Begun:
    checkout: Checkout
    pin: StoredPin
    policy: Policy


def begin(
    tx: Transaction, command: PayWithPin, claims: Mapping[str, Any], *, now: datetime
) -> Answer | Begun | None:
    """One short transaction: the key, the grant against the checkout's row, the PIN slot. None: it is locked."""
    known = idempotency.claim(tx, command.once, now=now)
    if known is not None:
        return known
    checkout = find_open(tx, command.checkout_id, command.shopper_id, command.device_id, now=now)
    stored = pins.stored(tx, command.shopper_id)
    if stored is None:
        raise Refusal("pin_missing")
    if not grants.fits(claims, checkout, now=now):
        raise Refusal(NOT_AUTHORISED)
    if not pins.take_try(tx, command.shopper_id, command.device_id, now=now):
        idempotency.release(tx, command.once)
        return None
    return Begun(checkout, stored, decisions.current(tx, checkout.channel, now=now))


def conclude(
    tx: Transaction, command: PayWithPin, checkout: Checkout, policy: Policy, *, ids: Ids, now: datetime
) -> Answer:
    if command.cards is None:
        return settle(tx, checkout, policy, command.once, ids=ids, now=now)
    return card.begin(tx, checkout, policy, command.once, command.cards, now=now)


def refuse(tx: Transaction, command: PayWithPin, *, ids: Ids, now: datetime) -> None:
    """The attempt stays counted; the key is free again; the shopper hears of it."""
    idempotency.release(tx, command.once)
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=f"shopper:{command.shopper_id}",
        action="payment.pin_refused",
        subject=command.checkout_id,
    )
    tell(tx, Kind.PIN_REFUSED, command, ids=ids, now=now)


def give_back(tx: Transaction, command: PayWithPin) -> None:
    """Too many hashes at once: the PIN was not looked at, so neither key nor attempt is spent."""
    idempotency.release(tx, command.once)
    pins.was_not_evaluated(tx, command.shopper_id, command.device_id)


def undo(tx: Transaction, command: PayWithPin) -> None:
    """The PIN was right but the payment could not be: neither key nor attempt is spent."""
    idempotency.release(tx, command.once)
    pins.was_right(tx, command.shopper_id, command.device_id)


def tell(tx: Transaction, kind: Kind, command: PayWithPin, *, ids: Ids, now: datetime) -> None:
    left = locks.slots_left(tx, pins.lock_subject(command.shopper_id, command.device_id), now=now)
    facts = {
        "checkout_id": command.checkout_id,
        "attempts_left": 0 if kind is Kind.PIN_LOCKED else left,
    }
    happening = Happening(ids.uuid7(), kind, command.checkout_id, facts, shopper_id=command.shopper_id)
    outbox.add(tx, [happening], now=now)
