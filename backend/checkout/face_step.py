"""From evidence to grant: the challenge, the evidence on the checkout's row, the grant for its device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, insert, update

from backend.authorization import decisions
from backend.authorization.evidence import Evidence
from backend.authorization.policy import Granted, Refused, decide, only_pin_missing
from backend.checkout import grants
from backend.checkout.grants import Grant
from backend.checkout.open import Checkout, find_open
from backend.checkout.ports import Sealer
from backend.checkout.tables import challenges, checkouts
from backend.clock import Ids
from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.db.rows import drop_some
from backend.db.schema import stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import devices

CHALLENGE_LIFETIME = timedelta(seconds=60)
CHALLENGE_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Challenge:
    nonce: str
    expires_at: datetime


def make_challenge(tx: Transaction, checkout: Checkout, *, ids: Ids, now: datetime) -> Challenge:
    challenge = Challenge(ids.token(24), now + CHALLENGE_LIFETIME)
    tx.execute(
        insert(challenges).values(
            nonce=challenge.nonce,
            checkout_id=checkout.id,
            device_id=checkout.device_id,
            expires_at=challenge.expires_at,
        )
    )
    return challenge


def take_challenge(tx: Transaction, checkout: Checkout, nonce: str, *, now: datetime) -> None:
    """A challenge answers once, for its checkout and device. Raises Refusal challenge_refused."""
    taken = tx.execute(
        update(challenges)
        .where(
            challenges.c.nonce == nonce,
            challenges.c.checkout_id == checkout.id,
            challenges.c.device_id == checkout.device_id,
            challenges.c.used_at.is_(None),
            challenges.c.expires_at > now,
        )
        .values(used_at=now)
    ).rowcount
    if taken != 1:
        raise Refusal("challenge_refused")


def drop_old_challenges(tx: Transaction, *, now: datetime) -> int:
    return drop_some(tx, challenges, challenges.c.expires_at <= now - CHALLENGE_KEPT)


def refuse_unpayable(tx: Transaction, checkout: Checkout, *, now: datetime) -> None:
    """Raises Refusal payment_refused where the policy says no whatever is proved."""
    decision = decide(decisions.current(tx, checkout.channel, now=now), checkout.context, checkout.evidence)
    if isinstance(decision, Refused):
        raise Refusal("payment_refused", reason=decision.reason)


def add_evidence(
    tx: Transaction,
    checkout_id: str,
    shopper_id: str,
    device_id: str,
    evidence: tuple[Evidence, ...],
    *,
    sealer: Sealer,
    grant_lifetime: timedelta,
    ids: Ids,
    now: datetime,
) -> bool:
    """Put evidence on the checkout; when only the PIN is missing, issue the grant to the device. True if issued.

    An earlier grant of the same checkout is no longer the one that the row names, and so is void.
    Raises Refusal payment_refused, checkout_not_open, checkout_expired.
    """
    checkout = find_open(tx, checkout_id, shopper_id, device_id, now=now)
    policy = decisions.current(tx, checkout.channel, now=now)
    gathered = merged(checkout.evidence, evidence)
    decision = decide(policy, checkout.context, gathered)
    if isinstance(decision, Refused):
        raise Refusal("payment_refused", reason=decision.reason)
    assert not isinstance(decision, Granted), "a phone's policy asks for the PIN, which comes with the grant"
    grant = None
    if only_pin_missing(decision):
        grant = grants.make(checkout, gathered, jti=ids.token(16), now=now, lifetime=grant_lifetime)
    store(tx, checkout, gathered, grant, now=now)
    if grant is None:
        return False
    outbox.add(tx, [issued(tx, checkout, grant, sealer=sealer, ids=ids)], now=now)
    return True


def merged(before: tuple[Evidence, ...], new: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Newest evidence per factor."""
    return tuple({e.factor: e for e in (*before, *new)}.values())


def store(
    tx: Transaction, checkout: Checkout, evidence: tuple[Evidence, ...], grant: Grant | None, *, now: datetime
) -> None:
    values: dict[str, object] = {"evidence": [e.to_json() for e in evidence]}
    if grant is not None:
        values |= {"grant_jti": grant.jti, "grant_state": "issued", "grant_expires_at": grant.expires_at}
    written = tx.execute(
        update(checkouts)
        .where(checkouts.c.id == checkout.id, stands(checkouts.c.state, "open"), checkouts.c.expires_at > now)
        .values(values)
    ).rowcount
    if written != 1:
        raise Refusal("checkout_not_open")


def issued(tx: Transaction, checkout: Checkout, grant: Grant, *, sealer: Sealer, ids: Ids) -> Happening:
    device = devices.get(tx, checkout.device_id)
    if device.ended:
        raise Refusal("payment_not_authorised")
    sealed = sealer.seal(sealer.sign_grant(grant.claims), device.jwk_enc, content_type="grant+jwt")
    facts = {
        "checkout_id": checkout.id,
        "amount_minor": checkout.total_minor,
        "currency": checkout.currency,
        "store": checkout.store_code,
        "sealed": {checkout.device_id: sealed},
    }
    return Happening(
        ids.uuid7(),
        Kind.GRANT_ISSUED,
        checkout.id,
        facts,
        shopper_id=checkout.shopper_id,
        device_id=checkout.device_id,
        expires_at=grant.expires_at,
    )


def void_proofs(tx: Transaction, shopper_id: str) -> None:
    """What was proved for open checkouts counts no more (the face behind it was erased): prove again."""
    tx.execute(
        update(checkouts)
        .where(checkouts.c.shopper_id == shopper_id, stands(checkouts.c.state, "open"))
        .values(
            evidence=[],
            grant_state=case((checkouts.c.grant_state == "issued", "void"), else_=checkouts.c.grant_state),
        )
    )
