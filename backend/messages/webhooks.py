"""Integrators hear what happens in their stores: endpoints, and what is still to be delivered to each.

Happenings that have a store and a number there are told; the numbers are in the order of commits, so a cursor for each
endpoint and store misses nothing and costs a payment nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.clock import first_uuid7
from backend.db.events import store_counters
from backend.db.outbox import Kind, outbox
from backend.db.rows import drop_some
from backend.db.schema import Id, UtcTime, stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.tables import stores
from backend.messages.tables import webhook_cursors as cursors
from backend.messages.tables import webhook_deliveries as deliveries
from backend.messages.tables import webhook_endpoints as endpoints

LEASE = timedelta(seconds=60)
PAUSES_S = (5, 30, 120, 600, 1_800, 3_600)  # the last again and again
TRIED_FOR = timedelta(hours=24)
COLLECTED_MAX = 500  # events of a store at a time
KEPT = timedelta(days=30)
PRIVATE = {"sealed", "device_id"}  # facts that are nobody else's business


@dataclass(frozen=True, slots=True)
class Endpoint:
    id: str
    url: str
    kinds: tuple[str, ...]
    store_id: str | None
    active: bool
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class Undelivered:
    endpoint_id: str
    event_id: str
    kind: str
    store: str  # its code
    sequence: int
    state: str  # due: tried again; dead: given up
    attempts: int
    due_since: datetime
    last_status: int | None  # of HTTP; None: no answer


@dataclass(frozen=True, slots=True)
class Delivery:
    outbox_id: str
    attempts: int
    due_since: datetime
    body: dict[str, Any]


def add(
    tx: Transaction,
    *,
    endpoint_id: str,
    url: str,
    kinds: Sequence[Kind],
    store_id: str | None,
    now: datetime,
) -> Endpoint:
    """It is told what happens from now on."""
    tx.execute(
        insert(endpoints).values(
            id=endpoint_id,
            url=url,
            kinds=[kind.value for kind in kinds],
            store_id=store_id,
            active=True,
            created_at=now,
            available_at=now,
            failures=0,
        )
    )
    heard = store_counters.c.store_id == store_id if store_id else store_counters.c.store_id.is_not(None)
    tx.execute(
        insert(cursors).from_select(
            ["endpoint_id", "store_id", "event_id"],
            select(literal(endpoint_id, Id), store_counters.c.store_id, store_counters.c.events).where(heard),
        )
    )
    return find(tx, endpoint_id)


def find(tx: Transaction, endpoint_id: str) -> Endpoint:
    """Raises Refusal webhook_not_found."""
    found = [endpoint for endpoint in every(tx) if endpoint.id == endpoint_id]
    if not found:
        raise Refusal("webhook_not_found")
    return found[0]


def every(tx: Transaction) -> list[Endpoint]:
    rows = tx.execute(select(endpoints).order_by(endpoints.c.created_at, endpoints.c.id)).mappings()
    return [
        Endpoint(
            id=row["id"],
            url=row["url"],
            kinds=tuple(row["kinds"]),
            store_id=row["store_id"],
            active=row["active"],
            failing_since=row["failing_since"],
        )
        for row in rows
    ]


def waiting(tx: Transaction, endpoint_id: str) -> dict[str, int]:
    """How many deliveries are due and how many were given up."""
    rows = tx.execute(
        select(deliveries.c.state, func.count())
        .where(deliveries.c.endpoint_id == endpoint_id, deliveries.c.state != "done")
        .group_by(deliveries.c.state)
    )
    return {"due": 0, "dead": 0} | {row[0]: row[1] for row in rows}


def switch_off(tx: Transaction, endpoint_id: str) -> None:
    tx.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(active=False))


def with_work(tx: Transaction, *, now: datetime, limit: int = 50) -> list[str]:
    """Endpoints that something can be sent to now, those that work first."""
    due = exists().where(
        deliveries.c.endpoint_id == endpoints.c.id,
        stands(deliveries.c.state, "due"),
        deliveries.c.available_at <= now,
    )
    behind = exists().where(
        cursors.c.endpoint_id == endpoints.c.id,
        store_counters.c.store_id == cursors.c.store_id,
        store_counters.c.events > cursors.c.event_id,
    )
    rows = tx.execute(
        select(endpoints.c.id)
        .where(free(now), or_(due, behind))
        .order_by(endpoints.c.failures, endpoints.c.available_at)
        .limit(limit)
    )
    return list(rows.scalars())


def free(now: datetime) -> ColumnElement[bool]:
    unleased = or_(endpoints.c.lease_until.is_(None), endpoints.c.lease_until <= now)
    return and_(endpoints.c.active, endpoints.c.available_at <= now, unleased)


def claim(tx: Transaction, endpoint_id: str, *, now: datetime) -> Endpoint | None:
    """None: another worker sends to it, or it is left alone for now."""
    claimed = tx.execute(
        update(endpoints).where(endpoints.c.id == endpoint_id, free(now)).values(lease_until=now + LEASE)
    ).rowcount
    return find(tx, endpoint_id) if claimed == 1 else None


def release(tx: Transaction, endpoint_id: str) -> None:
    tx.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(lease_until=None))


def collect(tx: Transaction, endpoint: Endpoint, *, now: datetime) -> None:
    """Deliveries for what happened since the last time. The endpoint is leased by the caller."""
    if endpoint.store_id is None:
        begin_at_new_stores(tx, endpoint)
    behind = tx.execute(
        select(cursors.c.store_id, cursors.c.event_id, store_counters.c.events)
        .join(store_counters, store_counters.c.store_id == cursors.c.store_id)
        .where(cursors.c.endpoint_id == endpoint.id, store_counters.c.events > cursors.c.event_id)
    ).all()
    for store_id, told, events in behind:
        upto = min(events, told + COLLECTED_MAX)
        these = and_(outbox.c.store_id == store_id, outbox.c.event_id > told, outbox.c.event_id <= upto)
        tx.execute(_new(tx, endpoint, these, now=now).on_conflict_do_nothing())
        tx.execute(
            update(cursors)
            .where(cursors.c.endpoint_id == endpoint.id, cursors.c.store_id == store_id)
            .values(event_id=upto)
        )


def begin_at_new_stores(tx: Transaction, endpoint: Endpoint) -> None:
    known = select(cursors.c.store_id).where(cursors.c.endpoint_id == endpoint.id)
    tx.execute(
        insert(cursors).from_select(
            ["endpoint_id", "store_id", "event_id"],
            select(literal(endpoint.id, Id), store_counters.c.store_id, literal(0)).where(
                store_counters.c.store_id.not_in(known)
            ),
        )
    )


def replay(tx: Transaction, endpoint: Endpoint, *, after: datetime, until: datetime, now: datetime) -> int:
    """All of that time once more, delivered or given up; how many."""
    these = and_(
        outbox.c.event_id.is_not(None),
        outbox.c.created_at >= after,
        outbox.c.created_at <= until,
        outbox.c.store_id == endpoint.store_id if endpoint.store_id else outbox.c.store_id.is_not(None),
    )
    made = tx.execute(
        _new(tx, endpoint, these, now=now)
        .on_conflict_do_update(index_elements=["endpoint_id", "outbox_id"], set_=_again(now))
        .returning(deliveries.c.outbox_id)
    )
    return len(made.all())


def send_again(tx: Transaction, endpoint_id: str, event_id: str, *, now: datetime) -> None:
    """One of them. Raises Refusal webhook_not_found, also where that endpoint was never to be told of it."""
    this = and_(deliveries.c.endpoint_id == endpoint_id, deliveries.c.outbox_id == event_id)
    if tx.execute(update(deliveries).where(this).values(_again(now))).rowcount != 1:
        raise Refusal("webhook_not_found")


def _again(now: datetime) -> dict[str, Any]:
    return {"state": "due", "attempts": 0, "due_since": now, "available_at": now}


def undelivered(tx: Transaction, *, limit: int = 100) -> list[Undelivered]:
    """What failed and is tried again or was given up; the newest first."""
    it_failed = and_(deliveries.c.state != "done", deliveries.c.attempts > 0)
    latest = deliveries.c.due_since.desc(), deliveries.c.sequence.desc()
    return [
        Undelivered(
            endpoint_id=row["endpoint_id"],
            event_id=row["outbox_id"],
            kind=row["kind"],
            store=row["code"],
            sequence=row["sequence"],
            state=row["state"],
            attempts=row["attempts"],
            due_since=row["due_since"],
            last_status=row["last_status"],
        )
        for row in tx.execute(_with_events().where(it_failed).order_by(*latest).limit(limit)).mappings()
    ]


def _new(tx: Transaction, endpoint: Endpoint, these: ColumnElement[bool], *, now: datetime) -> Any:
    wanted = and_(these, outbox.c.kind.in_(endpoint.kinds)) if endpoint.kinds else these
    at = literal(now, UtcTime)
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    return dialect.insert(deliveries).from_select(
        ["endpoint_id", "outbox_id", "sequence", "state", "attempts", "due_since", "available_at"],
        select(
            literal(endpoint.id, Id), outbox.c.id, outbox.c.event_id, literal("due"), literal(0), at, at
        ).where(wanted),
    )


def due(tx: Transaction, endpoint_id: str, *, now: datetime, limit: int) -> list[Delivery]:
    """In the order of each store's events."""
    rows = tx.execute(
        _with_events()
        .where(
            deliveries.c.endpoint_id == endpoint_id,
            stands(deliveries.c.state, "due"),
            deliveries.c.available_at <= now,
        )
        .order_by(deliveries.c.sequence)
        .limit(limit)
    ).mappings()
    return [
        Delivery(
            outbox_id=row["outbox_id"],
            attempts=row["attempts"],
            due_since=row["due_since"],
            body={
                "id": row["outbox_id"],
                "kind": row["kind"],
                "store": row["code"],
                "sequence": row["sequence"],
                "subject": row["subject"],
                "created_at": row["created_at"].isoformat(),
                "data": {name: value for name, value in row["payload"].items() if name not in PRIVATE},
            },
        )
        for row in rows
    ]


def _with_events() -> Select[Any]:
    told = (outbox.c.kind, outbox.c.subject, outbox.c.payload, outbox.c.created_at)
    return (
        select(deliveries, *told, stores.c.code)
        .join(outbox, outbox.c.id == deliveries.c.outbox_id)
        .join(stores, stores.c.id == outbox.c.store_id)
    )


def delivered(tx: Transaction, endpoint_id: str, delivery: Delivery, status: int | None) -> None:
    tx.execute(update(deliveries).where(_is(endpoint_id, delivery)).values(state="done", last_status=status))
    tx.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id, endpoints.c.failures > 0)
        .values(failures=0, failing_since=None)
    )


def not_delivered(
    tx: Transaction, endpoint_id: str, delivery: Delivery, status: int | None, *, now: datetime
) -> None:
    """Tried again later; given up if that was a try after a day. An endpoint that was of no use all day loses the rest
    of what is that old as well; one that says it is gone (410) is switched off."""
    attempts = delivery.attempts + 1
    tx.execute(
        update(deliveries)
        .where(_is(endpoint_id, delivery))
        .values(
            attempts=attempts,
            last_status=status,
            available_at=now + pause(attempts),
            state="dead" if delivery.due_since <= now - TRIED_FOR else "due",
        )
    )
    failures, since = tx.execute(
        update(endpoints)
        .where(endpoints.c.id == endpoint_id)
        .values(
            failures=endpoints.c.failures + 1,
            failing_since=func.coalesce(endpoints.c.failing_since, literal(now, UtcTime)),
            active=endpoints.c.active if status != 410 else False,
        )
        .returning(endpoints.c.failures, endpoints.c.failing_since)
    ).one()
    tx.execute(
        update(endpoints).where(endpoints.c.id == endpoint_id).values(available_at=now + pause(failures))
    )
    if since <= now - TRIED_FOR:
        old = and_(stands(deliveries.c.state, "due"), deliveries.c.due_since <= now - TRIED_FOR)
        tx.execute(
            update(deliveries).where(deliveries.c.endpoint_id == endpoint_id, old).values(state="dead")
        )


def pause(failures: int) -> timedelta:
    return timedelta(seconds=PAUSES_S[min(failures, len(PAUSES_S)) - 1])


def drop_old(tx: Transaction, *, now: datetime) -> int:
    """An event is told after it happened. By endpoint, with which the primary key begins."""
    kept_from = now - KEPT
    old = and_(
        deliveries.c.endpoint_id.in_(select(endpoints.c.id)),
        deliveries.c.outbox_id < first_uuid7(kept_from),
        deliveries.c.state != "due",
        deliveries.c.due_since <= kept_from,
    )
    return drop_some(tx, deliveries, old)


def _is(endpoint_id: str, delivery: Delivery) -> ColumnElement[bool]:
    return and_(
        deliveries.c.endpoint_id == endpoint_id,
        deliveries.c.outbox_id == delivery.outbox_id,
        deliveries.c.attempts == delivery.attempts,
    )
