"""Sessions: families of refresh tokens that rotate without races and notice theft (RFC 9700, section 4.14).

A refresh token is `family.n.MAC` and derivable: a repeated answer is the same answer, and nothing is stored.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from backend.clock import Ids
from backend.db import audit
from backend.db.transaction import Transaction
from backend.identity import devices
from backend.identity.devices import NewDevice
from backend.identity.ports import RefreshTokens
from backend.identity.tables import devices as device_rows
from backend.identity.tables import sessions

LIFE_MAX = timedelta(days=30)
IDLE_MAX = timedelta(days=7)
GRACE = timedelta(seconds=10)  # an answer may be lost on its way; tabs refresh at once

LIVE = (
    select(sessions, device_rows.c.jwk_sig)
    .join(device_rows, device_rows.c.id == sessions.c.device_id)
    .where(sessions.c.id == bindparam("session_id"), device_rows.c.ended_at.is_(None))
)

_TOKEN = re.compile(
    r"(?P<family>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?P<number>[0-9]{1,9})\.[\w-]{43}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    shopper_id: str
    device_id: str
    current: int  # number of the newest refresh token
    confirmed: int  # newest number that was seen used
    rotated_at: datetime
    expires_at: datetime
    revoked: bool

    def live(self, now: datetime) -> bool:
        return not self.revoked and now < self.expires_at and now < self.rotated_at + IDLE_MAX


@dataclass(frozen=True, slots=True)
class Renewed:
    session: Session
    refresh_token: str = field(repr=False)
    number: int  # of that refresh token


def open_session(
    tx: Transaction, *, session_id: str, shopper_id: str, device_id: str, now: datetime
) -> Session:
    tx.execute(
        insert(sessions).values(
            id=session_id,
            shopper_id=shopper_id,
            device_id=device_id,
            current=0,
            confirmed=0,
            rotated_at=now,
            created_at=now,
            expires_at=now + LIFE_MAX,
        )
    )
    session = find(tx, session_id)
    assert session is not None
    return session


def begin(tx: Transaction, shopper_id: str, device: NewDevice, *, now: datetime, ids: Ids) -> Session:
    """Bind the device and open a session on it. Raises Refusal device_of_another."""
    devices.add(tx, shopper_id, device, now=now)
    return open_session(tx, session_id=ids.uuid7(), shopper_id=shopper_id, device_id=device.id, now=now)


def find(tx: Transaction, session_id: str) -> Session | None:
    row = tx.execute(select(sessions).where(sessions.c.id == session_id)).mappings().one_or_none()
    return None if row is None else _session(row)


def live(tx: Transaction, session_id: str, *, now: datetime) -> tuple[Session, dict[str, str]] | None:
    """The session and its device's signing key, while its access tokens count.

    None: it was revoked or ended, or its device was.
    """
    row = tx.execute(LIVE, {"session_id": session_id}).mappings().one_or_none()
    session = None if row is None else _session(row)
    return (session, row["jwk_sig"]) if row and session and session.live(now) else None


def confirm(tx: Transaction, session_id: str, number: int) -> None:
    """An access token that came with refresh token `number` was seen: from now on its parent is stale."""
    tx.execute(
        update(sessions)
        .where(sessions.c.id == session_id, sessions.c.confirmed < number, sessions.c.current >= number)
        .values(confirmed=number)
    )


def renew(
    tx: Transaction, token: str, *, device_id: str, tokens: RefreshTokens, now: datetime, ids: Ids
) -> Renewed | None:
    """The successor of a refresh token, for the device that proved itself.

    One conditional UPDATE decides who rotates; whoever loses the race, or lost the answer, gets the same
    successor. None: refused. A token that is ours but stale, or shown by another device, was stolen: the
    session is revoked by then, so the caller must let this transaction commit.
    """
    shown = _TOKEN.fullmatch(token)
    if shown is None:
        return None
    session = find(tx, shown["family"])
    if session is None:
        return None
    number = int(shown["number"])
    ours = tokens.refresh_token(session.id, number, session.device_id)
    if not hmac.compare_digest(ours.encode(), token.encode()) or not session.live(now):
        return None
    same_device = device_id == session.device_id
    if same_device and (
        _rotate(tx, session.id, number, now=now) or _may_repeat(tx, session.id, number, now=now)
    ):
        return Renewed(session, tokens.refresh_token(session.id, number + 1, session.device_id), number + 1)
    if revoke(tx, session.id, now=now):
        audit.record(
            tx,
            entry_id=ids.uuid7(),
            at=now,
            actor="system",
            action="session.reuse_detected",
            subject=session.id,
            details={"shown": number, "other_device": not same_device},
        )
    return None


def revoke(tx: Transaction, session_id: str, *, now: datetime) -> bool:
    """Whether it was this call that ended the session."""
    return (
        tx.execute(
            update(sessions)
            .where(sessions.c.id == session_id, sessions.c.revoked_at.is_(None))
            .values(revoked_at=now)
        ).rowcount
        == 1
    )


def _rotate(tx: Transaction, session_id: str, number: int, *, now: datetime) -> bool:
    return (
        tx.execute(
            update(sessions)
            .where(
                sessions.c.id == session_id,
                sessions.c.current == number,
                sessions.c.revoked_at.is_(None),
                sessions.c.expires_at > now,
            )
            .values(current=number + 1, confirmed=number, rotated_at=now)
        ).rowcount
        == 1
    )


def _may_repeat(tx: Transaction, session_id: str, number: int, *, now: datetime) -> bool:
    """The immediate parent, shortly after or while its successor was never used."""
    session = find(tx, session_id)
    return (
        session is not None
        and session.live(now)
        and number == session.current - 1
        and (now - session.rotated_at <= GRACE or session.confirmed < session.current)
    )


def _session(row: Mapping[Any, Any]) -> Session:
    return Session(
        id=row["id"],
        shopper_id=row["shopper_id"],
        device_id=row["device_id"],
        current=row["current"],
        confirmed=row["confirmed"],
        rotated_at=row["rotated_at"],
        expires_at=row["expires_at"],
        revoked=row["revoked_at"] is not None,
    )
