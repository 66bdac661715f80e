"""Phones and browsers of shoppers: two public keys each, a push token, and proofs of holding the keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.rows import drop_some
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.tables import device_proofs, devices, sessions

PROOF_AGE_MAX = timedelta(seconds=30)  # either way: clocks of phones drift
PROOF_KEPT = timedelta(hours=1)
NAME_CHARS_MAX = 80
NEW_FOR = timedelta(hours=24)  # long enough for the owner to read of it on the other devices


NOTE_PROOF = {
    name: insert(device_proofs).on_conflict_do_nothing().returning(device_proofs.c.jti)
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


@dataclass(frozen=True, slots=True)
class NewDevice:
    """`id` is the RFC 7638 thumbprint of `jwk_sig`; both keys are public P-256 keys, already checked."""

    id: str
    name: str
    jwk_enc: Mapping[str, str]
    jwk_sig: Mapping[str, str]
    push_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Device:
    id: str
    shopper_id: str
    name: str
    jwk_enc: dict[str, str]
    jwk_sig: dict[str, str]
    push_token: str | None = field(repr=False)
    ended: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """What a device signed about one request (RFC 9449's claims); the signature has been verified."""

    device_id: str
    jwk: dict[str, str]
    htm: str
    htu: str  # path only
    iat: int
    jti: str
    body_sha256: str
    ath: str | None = None


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638 for an EC key: SHA-256, base64url without padding, 43 characters."""
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return sha256_base64url(json.dumps(members, sort_keys=True, separators=(",", ":")).encode())


def sha256_base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def add(tx: Transaction, shopper_id: str, device: NewDevice, *, now: datetime) -> Device:
    """Bind the device to the shopper; a push token moves to the device that names it last.

    A device that this shopper had ended lives again. Refusal device_of_another: the page must make new keys.
    """
    if device.push_token is not None:
        _end_where(tx, (devices.c.push_token == device.push_token) & (devices.c.id != device.id), now=now)
    values = {
        "name": device.name,
        "jwk_enc": dict(device.jwk_enc),
        "jwk_sig": dict(device.jwk_sig),
        "push_token": device.push_token,
        "ended_at": None,
    }
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    bound = tx.execute(
        dialect.insert(devices)
        .values(id=device.id, shopper_id=shopper_id, created_at=now, **values)
        .on_conflict_do_update(
            index_elements=[devices.c.id], set_=values, where=devices.c.shopper_id == shopper_id
        )
        .returning(devices.c.id)  # psycopg tells no rowcount of an INSERT
    ).first()
    if bound is None:
        raise Refusal("device_of_another")
    return get(tx, device.id)


def of(tx: Transaction, shopper_id: str) -> list[Device]:
    """Live devices, oldest first."""
    rows = tx.execute(
        select(devices)
        .where(devices.c.shopper_id == shopper_id, devices.c.ended_at.is_(None))
        .order_by(devices.c.created_at, devices.c.id)
    ).mappings()
    return [_device(row) for row in rows]


def hold(tx: Transaction, shopper_ids: Collection[str]) -> list[Device]:
    """Live devices of these shoppers, locked against others who hold them, whatever the order of the shoppers."""
    theirs = devices.c.shopper_id.in_(sorted(shopper_ids)) & devices.c.ended_at.is_(None)
    rows = tx.execute(select(devices).where(theirs).order_by(devices.c.id).with_for_update(key_share=True))
    return [_device(row) for row in rows.mappings()]


def find(tx: Transaction, device_id: str) -> Device | None:
    row = tx.execute(select(devices).where(devices.c.id == device_id)).mappings().one_or_none()
    return None if row is None else _device(row)


def is_new(tx: Transaction, shopper_id: str, device_id: str, *, now: datetime) -> bool:
    """Whether it came within NEW_FOR to a shopper who had another before."""
    theirs = devices.c.shopper_id == shopper_id
    came = select(devices.c.created_at).where(theirs, devices.c.id == device_id).scalar_subquery()
    before = select(devices.c.id).where(theirs, devices.c.created_at < came, came > now - NEW_FOR)
    return tx.execute(before.limit(1)).first() is not None


def get(tx: Transaction, device_id: str) -> Device:
    """Raises Refusal device_unknown."""
    device = find(tx, device_id)
    if device is None:
        raise Refusal("device_unknown")
    return device


def end(tx: Transaction, shopper_id: str, device_id: str, *, now: datetime) -> None:
    """Ends the device and its sessions, if it is (still) this shopper's: a late sign-out harms no other."""
    _end_where(tx, (devices.c.id == device_id) & (devices.c.shopper_id == shopper_id), now=now)


def drop_push_token(tx: Transaction, device_id: str, push_token: str) -> None:
    """The push service says that the token is gone; one that was renewed meanwhile stays."""
    tx.execute(
        update(devices)
        .where(devices.c.id == device_id, devices.c.push_token == push_token)
        .values(push_token=None)
    )


def proof_fits(proof: Proof, *, method: str, path: str, body: bytes, access_token: str | None = None) -> None:
    """The proof is about this very request. Raises Refusal device_proof_refused."""
    fits = (
        proof.htm == method
        and proof.htu == path
        and hmac.compare_digest(proof.body_sha256.encode(), sha256_base64url(body).encode())
    )
    if proof.ath is not None:
        token_hash = sha256_base64url((access_token or "").encode())
        fits = fits and hmac.compare_digest(proof.ath.encode(), token_hash.encode())
    if not fits:
        raise Refusal("device_proof_refused")


def check_proof(tx: Transaction, proof: Proof, *, now: datetime) -> None:
    """Fresh, and never seen before. Raises Refusal device_proof_refused."""
    if abs(now.timestamp() - proof.iat) > PROOF_AGE_MAX.total_seconds():
        raise Refusal("device_proof_refused")
    row = {"device_id": proof.device_id, "jti": proof.jti, "expires_at": now + PROOF_KEPT}
    if tx.execute(NOTE_PROOF[tx.dialect.name], row).first() is None:  # psycopg counts no rows of an INSERT
        raise Refusal("device_proof_refused")


def drop_old_proofs(tx: Transaction, *, now: datetime) -> int:
    return drop_some(tx, device_proofs, device_proofs.c.expires_at <= now)


def _end_where(tx: Transaction, condition: Any, *, now: datetime) -> None:
    ended = tx.execute(
        update(devices).where(condition).values(push_token=None, ended_at=now).returning(devices.c.id)
    ).scalars()
    gone = ended.all()
    if gone:
        tx.execute(
            update(sessions)
            .where(sessions.c.device_id.in_(gone), sessions.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )


def _device(row: Mapping[Any, Any]) -> Device:
    return Device(
        id=row["id"],
        shopper_id=row["shopper_id"],
        name=row["name"],
        jwk_enc=row["jwk_enc"],
        jwk_sig=row["jwk_sig"],
        push_token=row["push_token"],
        ended=row["ended_at"] is not None,
    )
