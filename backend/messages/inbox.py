"""The inbox of a device: every message it may read, whether or not it was pushed as well."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.clock import first_uuid7
from backend.db.outbox import Kind
from backend.db.rows import drop_some
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.tables import devices
from backend.messages.tables import inbox_messages

KEPT = timedelta(days=30)
MESSAGES_PER_READ_MAX = 100
PUT = {
    name: insert(inbox_messages).on_conflict_do_nothing(index_elements=["id", "device_id"])
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    kind: Kind
    payload: Mapping[str, Any]
    sealed: str | None  # compact JWE for this device
    created_at: datetime
    expires_at: datetime | None
    read: bool


@dataclass(frozen=True, slots=True)
class NewMessage:
    id: str  # the happening's, so that delivering again changes nothing
    shopper_id: str
    device_id: str
    kind: Kind
    payload: Mapping[str, Any]
    sealed: str | None
    created_at: datetime
    expires_at: datetime | None


def put(tx: Transaction, messages: Sequence[NewMessage]) -> None:
    """Putting one twice keeps the first.

    Whoever calls holds the devices' rows, so positions are in the order of commits: a reader that goes on after the
    last one it saw misses nothing.
    """
    if not messages:
        return
    last = select(func.max(inbox_messages.c.position)).where(inbox_messages.c.device_id == devices.c.id)
    of_them = select(devices.c.id, last.scalar_subquery()).where(
        devices.c.id.in_({message.device_id for message in messages})
    )
    ends = {device_id: position or 0 for device_id, position in tx.execute(of_them)}
    rows = []
    for message in messages:
        ends[message.device_id] += 1
        rows.append({**_row(message), "position": ends[message.device_id]})
    tx.execute(PUT[tx.dialect.name], rows)


def pushed(tx: Transaction, ids: Collection[str]) -> set[tuple[str, str]]:
    """Message and device, where the push service took it."""
    taken = select(inbox_messages.c.id, inbox_messages.c.device_id).where(
        inbox_messages.c.id.in_(ids), inbox_messages.c.pushed_at.is_not(None)
    )
    return {(message_id, device_id) for message_id, device_id in tx.execute(taken)}


def mark_pushed(tx: Transaction, device_id: str, message_id: str, *, now: datetime) -> None:
    tx.execute(update(inbox_messages).where(_is(device_id, message_id)).values(pushed_at=now))


def pushed_since(tx: Transaction, shopper_id: str, kind: Kind, since: datetime, *, besides: str) -> int:
    """How many messages of this kind reached a push service; `besides` is not counted."""
    count = select(func.count(inbox_messages.c.id.distinct())).where(
        inbox_messages.c.shopper_id == shopper_id,
        inbox_messages.c.kind == kind.value,
        inbox_messages.c.pushed_at > since,
        inbox_messages.c.id != besides,
    )
    return int(tx.execute(count).scalar_one())


def messages_after(
    tx: Transaction, device_id: str, after: str | None, *, now: datetime, limit: int = MESSAGES_PER_READ_MAX
) -> list[Message]:
    """Oldest first, without what is no longer worth reading. An `after` that is gone means the beginning."""
    seen = select(inbox_messages.c.position).where(_is(device_id, after)).scalar_subquery()
    rows = tx.execute(
        select(inbox_messages)
        .where(
            inbox_messages.c.device_id == device_id,
            inbox_messages.c.position > (func.coalesce(seen, 0) if after else 0),
            or_(inbox_messages.c.expires_at.is_(None), inbox_messages.c.expires_at > now),
        )
        .order_by(inbox_messages.c.position)
        .limit(limit)
    ).mappings()
    return [_message(row) for row in rows]


def mark_read(tx: Transaction, device_id: str, message_id: str, *, now: datetime) -> None:
    """Raises Refusal message_not_found; reading twice keeps the first time."""
    first_time = func.coalesce(inbox_messages.c.read_at, now, type_=inbox_messages.c.read_at.type)
    found = tx.execute(
        update(inbox_messages).where(_is(device_id, message_id)).values(read_at=first_time)
    ).rowcount
    if found != 1:
        raise Refusal("message_not_found")


def drop_old(tx: Transaction, *, now: datetime) -> int:
    kept_from = now - KEPT
    old = and_(inbox_messages.c.id < first_uuid7(kept_from), inbox_messages.c.created_at < kept_from)
    return drop_some(tx, inbox_messages, old)


def _is(device_id: str, message_id: str | None):  # type: ignore[no-untyped-def]  # an SQL expression
    return (inbox_messages.c.device_id == device_id) & (inbox_messages.c.id == message_id)


def _row(message: NewMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "shopper_id": message.shopper_id,
        "device_id": message.device_id,
        "kind": message.kind.value,
        "payload": dict(message.payload),
        "sealed": message.sealed,
        "created_at": message.created_at,
        "expires_at": message.expires_at,
    }


def _message(row: Mapping[Any, Any]) -> Message:
    return Message(
        id=row["id"],
        kind=Kind(row["kind"]),
        payload=row["payload"],
        sealed=row["sealed"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        read=row["read_at"] is not None,
    )
