"""Shoppers: a guest at the first scan, the same row once registered."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.tables import shoppers

LOGIN_CHARS_MIN, LOGIN_CHARS_MAX = 3, 64
NAME_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class Shopper:
    id: str
    login: str | None = field(repr=False)
    display_name: str | None = field(repr=False)
    language: str  # "en" or "ar"
    password_hash: str | None = field(repr=False)

    @property
    def guest(self) -> bool:
        return self.login is None


def normal_login(text: str) -> str:
    """NFKC and case-folded, so that look-alikes are one login. Raises Refusal login_malformed."""
    login = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).strip().casefold())
    if not LOGIN_CHARS_MIN <= len(login) <= LOGIN_CHARS_MAX or not _printable(login) or " " in login:
        raise Refusal("login_malformed", chars_min=LOGIN_CHARS_MIN, chars_max=LOGIN_CHARS_MAX)
    return login


def normal_name(text: str) -> str:
    """Trimmed, inner white space single. Raises Refusal display_name_malformed."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 1 <= len(name) <= NAME_CHARS_MAX or not _printable(name):
        raise Refusal("display_name_malformed", chars_max=NAME_CHARS_MAX)
    return name


def create_guest(tx: Transaction, *, shopper_id: str, language: str, now: datetime) -> Shopper:
    assert language in ("en", "ar"), language
    tx.execute(insert(shoppers).values(id=shopper_id, language=language, created_at=now))
    return profile(tx, shopper_id)


def register(
    tx: Transaction, shopper_id: str, *, login: str, password_hash: str, display_name: str, now: datetime
) -> Shopper:
    """Turn the guest into an account. Raises Refusal login_taken or already_registered."""
    taken = tx.execute(select(shoppers.c.id).where(shoppers.c.login == login)).first()
    if taken is not None and taken.id != shopper_id:
        raise Refusal("login_taken")
    try:
        with tx.begin_nested():
            written = tx.execute(
                update(shoppers)
                .where(shoppers.c.id == shopper_id, shoppers.c.login.is_(None))
                .values(
                    login=login, password_hash=password_hash, display_name=display_name, registered_at=now
                )
            ).rowcount
    except IntegrityError as why:
        raise Refusal("login_taken") from why
    if written != 1:
        raise Refusal("already_registered")
    return profile(tx, shopper_id)


def profile(tx: Transaction, shopper_id: str) -> Shopper:
    """Raises Refusal shopper_unknown."""
    row = tx.execute(select(shoppers).where(shoppers.c.id == shopper_id)).mappings().one_or_none()
    if row is None:
        raise Refusal("shopper_unknown")
    return _shopper(row)


def find_by_login(tx: Transaction, login: str) -> Shopper | None:
    """`login` as a person typed it."""
    try:
        wanted = normal_login(login)
    except Refusal:
        return None
    row = tx.execute(select(shoppers).where(shoppers.c.login == wanted)).mappings().one_or_none()
    return None if row is None else _shopper(row)


def _shopper(row: Mapping[Any, Any]) -> Shopper:
    return Shopper(
        id=row["id"],
        login=row["login"],
        display_name=row["display_name"],
        language=row["language"],
        password_hash=row["password_hash"],
    )


def _printable(text: str) -> bool:
    """No control, format (bidirectional overrides) or unassigned characters."""
    return all(not unicodedata.category(char).startswith("C") or char in "\u200c\u200d" for char in text)
