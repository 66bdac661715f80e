"""The shopper's own phone: face match, or the password, on the enrolled device; then a sealed grant."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.authorization.evidence import Evidence, Factor
from backend.checkout import face_step
from backend.checkout.open import Checkout, find_open
from backend.checkout.ports import Sealer
from backend.clock import Clock, Ids
from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Run, Runner, Transaction
from backend.errors import Refusal
from backend.faces import attempts, versions
from backend.faces.ports import FaceEngine, KeyWrap
from backend.faces.verify import FaceResult, best_of, demand_count, usable
from backend.identity import consents, locks, shoppers
from backend.identity.ports import PinHasher


@dataclass(frozen=True, slots=True)
class Step:
    """Whose step for which checkout; the device has proved itself on the request."""

    checkout_id: str
    shopper_id: str
    device_id: str


def start(run: Run, step: Step, *, ids: Ids, now: datetime) -> face_step.Challenge:
    def work(tx: Transaction) -> face_step.Challenge:
        return face_step.make_challenge(tx, opened(tx, step, now), ids=ids, now=now)

    return run(work)


def prove_by_face(
    step: Step,
    nonce: str,
    frames: Sequence[bytes],
    *,
    run: Runner,
    keys: Runner,
    key_wrap: KeyWrap,
    faces: FaceEngine,
    sealer: Sealer,
    grant_lifetime: timedelta,
    ids: Ids,
    clock: Clock,
) -> None:
    """Match: the grant goes to the device. No match: an alert goes there. The caller learns neither.

    Raises Refusal for what depends only on picture, consent or load, which costs no try: frames_count, picture_…,
    face_…, faces_busy, consent_missing, face_not_enrolled, face_outdated, challenge_refused; and payment_refused.
    """
    demand_count(frames)
    subject = f"face:{step.shopper_id}:{step.device_id}"
    references = versions.open_references(run, keys, key_wrap, step.shopper_id, model=faces.model)

    def begin(tx: Transaction) -> None:
        consents.demand(tx, step.shopper_id)  # an erasure may have been cut off between consent and templates
        face_step.take_challenge(tx, payable(tx, step, clock.now()), nonce, now=clock.now())

    run(begin)
    probes = usable(frames, faces=faces)
    if not run(lambda tx: locks.take_slot(tx, subject, now=clock.now())):
        run(lambda tx: outbox.add(tx, [alert(step, ids)], now=clock.now()))
        return
    result = best_of(probes, faces=faces, references=references)
    now = clock.now()

    def record(tx: Transaction) -> None:
        attempts.record(tx, step.shopper_id, result, checkout_id=step.checkout_id, ids=ids, now=now)
        if not result.matched:
            outbox.add(tx, [alert(step, ids)], now=now)
            return
        locks.clear(tx, subject)
        give(tx, step, face_evidence(step, result, now), sealer, grant_lifetime, ids, now)

    run(record)


def prove_by_password(
    step: Step,
    password: str,
    *,
    run: Runner,
    hasher: PinHasher,
    sealer: Sealer,
    grant_lifetime: timedelta,
    ids: Ids,
    clock: Clock,
) -> None:
    """The equal way without a face. A wrong password is answered like a right one and told to the devices.

    Raises Refusal password_missing (a guest has none), payment_refused.
    """
    now = clock.now()
    subject = f"pay-password:{step.shopper_id}:{step.device_id}"

    def begin(tx: Transaction) -> tuple[str, bool]:
        payable(tx, step, now)
        stored = shoppers.profile(tx, step.shopper_id).password_hash
        if stored is None:
            raise Refusal("password_missing")
        return stored, locks.take_slot(tx, subject, now=now)

    stored, free = run(begin)
    matched = hasher.password_matches(stored if free else None, password)  # locked takes as long as wrong

    def record(tx: Transaction) -> None:
        if not matched:
            outbox.add(tx, [alert(step, ids)], now=now)
            return
        locks.clear(tx, subject)
        give(
            tx,
            step,
            Evidence(Factor.PASSWORD, step.shopper_id, step.checkout_id, now),
            sealer,
            grant_lifetime,
            ids,
            now,
        )

    run(record)


def opened(tx: Transaction, step: Step, now: datetime) -> Checkout:
    return find_open(tx, step.checkout_id, step.shopper_id, step.device_id, now=now)


def payable(tx: Transaction, step: Step, now: datetime) -> Checkout:
    """As `opened`; what no proof could pay is refused before a proof is looked at."""
    checkout = opened(tx, step, now)
    face_step.refuse_unpayable(tx, checkout, now=now)
    return checkout


def give(
    tx: Transaction,
    step: Step,
    proved: Evidence,
    sealer: Sealer,
    grant_lifetime: timedelta,
    ids: Ids,
    now: datetime,
) -> None:
    """The device's key signed this very request, which is evidence of its own.

    A checkout that was decided while we looked gets nothing, in silence: a refusal would tell that it matched.
    """
    device = Evidence(Factor.DEVICE, step.shopper_id, step.checkout_id, now, {"device": step.device_id})
    with suppress(Refusal):
        face_step.add_evidence(
            tx,
            step.checkout_id,
            step.shopper_id,
            step.device_id,
            (device, proved),
            sealer=sealer,
            grant_lifetime=grant_lifetime,
            ids=ids,
            now=now,
        )


def face_evidence(step: Step, result: FaceResult, now: datetime) -> Evidence:
    details = {"model": result.model, "probability_pct": result.probability_pct}
    return Evidence(Factor.FACE_MATCH, step.shopper_id, step.checkout_id, now, details)


def alert(step: Step, ids: Ids) -> Happening:
    facts = {"checkout_id": step.checkout_id}
    return Happening(ids.uuid7(), Kind.FACE_REFUSED, step.checkout_id, facts, shopper_id=step.shopper_id)
