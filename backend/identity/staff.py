"""People who work in the store: who they are, what their role allows, and their sessions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, cast

from sqlalchemy import delete, insert, select

from backend.clock import Clock, Ids
from backend.db import audit
from backend.db.rows import drop_some
from backend.db.transaction import Run, Transaction
from backend.errors import Refusal
from backend.identity import locks
from backend.identity.ports import PinHasher
from backend.identity.tables import staff, staff_sessions, staff_stores

Role = Literal["cashier", "packer", "manager", "administrator"]
SESSION_LIFETIME = timedelta(hours=10)  # a shift
PASSWORD_CHARS_MIN = 15  # the only factor that staff have


@dataclass(frozen=True, slots=True)
class StaffMember:
    id: str
    display_name: str
    role: Role
    store_ids: frozenset[str]

    def may(self, *roles: Role, store_id: str) -> bool:
        return self.role in roles and store_id in self.store_ids


@dataclass(frozen=True, slots=True)
class StaffSession:
    """The token is shown once; only its hash is kept."""

    member: StaffMember
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewStaff:
    id: str
    login: str
    display_name: str
    role: Role
    password_hash: str = field(repr=False)
    store_ids: frozenset[str]


def create(tx: Transaction, member: NewStaff, *, now: datetime) -> None:
    tx.execute(
        insert(staff).values(
            id=member.id,
            login=member.login.casefold(),
            display_name=member.display_name,
            role=member.role,
            password_hash=member.password_hash,
            active=True,
            created_at=now,
        )
    )
    rows = [{"staff_id": member.id, "store_id": store_id} for store_id in sorted(member.store_ids)]
    if rows:
        tx.execute(insert(staff_stores).values(rows))


def sign_in(
    login: str, password: str, *, origin: str, run: Run, hasher: PinHasher, ids: Ids, clock: Clock
) -> StaffSession:
    """Raises Refusal sign_in_refused: one answer for no such login, wrong password, locked and inactive."""
    now = clock.now()
    login = login.casefold().replace("\0", "")  # which PostgreSQL's text cannot hold
    subject = f"staff:{hashlib.sha256(login.encode()).hexdigest()[:32]}:{origin}"

    def begin(tx: Transaction) -> tuple[str | None, str | None, bool]:
        row = tx.execute(
            select(staff.c.id, staff.c.password_hash).where(staff.c.login == login, staff.c.active)
        ).first()
        free = locks.take_slot(tx, subject, now=now)
        return (row.id if row else None, row.password_hash if row else None, free)

    staff_id, known, free = run(begin)
    matches = hasher.password_matches(known if free else None, password)
    if staff_id is None or not free or not matches:
        raise Refusal("sign_in_refused")
    token, csrf = ids.token(32), ids.token(24)

    def open_session(tx: Transaction) -> StaffSession:
        locks.clear(tx, subject)
        expires_at = now + SESSION_LIFETIME
        tx.execute(
            insert(staff_sessions).values(
                token_sha256=token_hash(token),
                staff_id=staff_id,
                csrf=csrf,
                created_at=now,
                expires_at=expires_at,
            )
        )
        audit.record(
            tx,
            entry_id=ids.uuid7(),
            at=now,
            actor=f"staff:{staff_id}",
            action="staff.signed_in",
            subject=staff_id,
        )
        member = by_token(tx, token, now=now)
        assert member is not None
        return StaffSession(member, token, csrf, expires_at)

    return run(open_session)


def by_token(tx: Transaction, token: str, *, now: datetime) -> StaffMember | None:
    row = tx.execute(
        select(staff.c.id, staff.c.display_name, staff.c.role)
        .join(staff_sessions, staff_sessions.c.staff_id == staff.c.id)
        .where(
            staff_sessions.c.token_sha256 == token_hash(token),
            staff_sessions.c.expires_at > now,
            staff.c.active,
        )
    ).first()
    if row is None:
        return None
    stores = tx.execute(select(staff_stores.c.store_id).where(staff_stores.c.staff_id == row.id)).scalars()
    return StaffMember(row.id, row.display_name, cast(Role, row.role), frozenset(stores))


def names(tx: Transaction, store_id: str) -> dict[str, str]:
    """{id: display name} of everybody who works, or worked, in the store."""
    rows = tx.execute(
        select(staff.c.id, staff.c.display_name)
        .join(staff_stores, staff_stores.c.staff_id == staff.c.id)
        .where(staff_stores.c.store_id == store_id)
    )
    return {row.id: row.display_name for row in rows}


def csrf_of(tx: Transaction, token: str) -> str | None:
    """What a form of this session must carry."""
    found = tx.execute(
        select(staff_sessions.c.csrf).where(staff_sessions.c.token_sha256 == token_hash(token))
    )
    return found.scalar_one_or_none()


def sign_out(tx: Transaction, token: str) -> None:
    tx.execute(delete(staff_sessions).where(staff_sessions.c.token_sha256 == token_hash(token)))


def drop_old_sessions(tx: Transaction, *, now: datetime) -> int:
    return drop_some(tx, staff_sessions, staff_sessions.c.expires_at <= now)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
