"""What the gateway tells unasked: at least once, in any order, sometimes before we know what it is about.

An event is stored first, in a transaction of its own; then the gateway may forget it. Whatever fails after that is
tried again by the worker.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.checkout import card_outcome, refunds
from backend.checkout.card_outcome import Applied
from backend.checkout.ports import GatewayEvent, Intent, IntentState
from backend.checkout.tables import gateway_events
from backend.clock import Clock, Ids
from backend.db.schema import stands
from backend.db.transaction import Runner, Transaction

TOLD = {  # what we listen to; anything else is stored and ignored
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
}
TRIED_FOR = timedelta(days=3)  # as long as the gateway itself repeats
PAUSE_S_MAX = 3_600


def store(tx: Transaction, event: GatewayEvent, *, now: datetime) -> bool:
    """False if it is there already."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    heard = (event.intent is not None and event.type in TOLD) or event.refund is not None
    stored = tx.execute(
        dialect.insert(gateway_events)
        .values(
            id=event.id,
            type=event.type,
            intent=asdict(replace(event.intent, client_secret=None)) if event.intent and heard else None,
            refund=event.refund,
            state="due" if heard else "ignored",
            received_at=now,
            available_at=now,
            attempts=0,
        )
        .on_conflict_do_nothing()
        .returning(gateway_events.c.state)
    ).scalar_one_or_none()
    return stored is not None


def apply_due(*, run: Runner, ids: Ids, clock: Clock, limit: int = 50) -> int:
    """Each is put off before it is tried, so that one that fails stops no other; how many."""
    now = clock.now()
    due = (
        select(gateway_events.c.id, gateway_events.c.attempts)
        .where(stands(gateway_events.c.state, "due"), gateway_events.c.available_at <= now)
        .order_by(gateway_events.c.available_at, gateway_events.c.id)
        .limit(limit)
    )
    events = run.read(lambda tx: tx.execute(due).all())
    for event in events:
        if run(lambda tx, event=event: put_off(tx, event.id, event.attempts, now=now)):  # type: ignore[misc]  # bound per round
            run(lambda tx, event=event: apply_one(tx, event.id, ids=ids, now=now))  # type: ignore[misc]
    return len(events)


def put_off(tx: Transaction, event_id: str, attempts: int, *, now: datetime) -> bool:
    """False: another worker has it."""
    pause = timedelta(seconds=min(2**attempts, PAUSE_S_MAX))
    mine = tx.execute(
        update(gateway_events)
        .where(gateway_events.c.id == event_id, gateway_events.c.attempts == attempts)
        .values(attempts=attempts + 1, available_at=now + pause)
    )
    return mine.rowcount == 1


def apply_one(tx: Transaction, event_id: str, *, ids: Ids, now: datetime) -> None:
    """Of an intent that we do not know, the event is kept and tried again for days."""
    due = and_(gateway_events.c.id == event_id, stands(gateway_events.c.state, "due"))
    event = tx.execute(select(gateway_events).where(due).with_for_update()).mappings().first()
    if event is None:
        return
    if event["refund"] is None:
        applied = card_outcome.apply(tx, intent_of(event["intent"]), ids=ids, now=now)
    else:
        applied = refund_failed(tx, event["refund"], ids=ids, now=now)
    if applied is Applied.UNKNOWN and event["received_at"] > now - TRIED_FOR:
        return
    state = "applied" if applied is Applied.YES else "strange"
    tx.execute(update(gateway_events).where(due).values(state=state))


def refund_failed(tx: Transaction, key: str, *, ids: Ids, now: datetime) -> Applied:
    try:
        known = refunds.note(tx, str(UUID(key)), given=False, ids=ids, now=now)
    except ValueError:
        known = False
    return Applied.YES if known else Applied.UNKNOWN


def intent_of(stored: dict[str, Any]) -> Intent:
    return Intent(**{**stored, "state": IntentState(stored["state"])})
