"""Somebody new at work, from the command line: the way in when nobody can sign in yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from backend.clock import Ids
from backend.db.transaction import Run, Transaction
from backend.errors import Refusal
from backend.identity import staff
from backend.identity.ports import PinHasher
from backend.identity.staff import NewStaff, Role
from backend.inventory import stores

PASSWORD_RANDOM_BYTES = 12  # 16 characters


def add(
    run: Run,
    *,
    login: str,
    name: str,
    role: Role,
    store_codes: Sequence[str],
    hasher: PinHasher,
    ids: Ids,
    now: datetime,
) -> str:
    """The new password, shown once. Without codes: at work everywhere. Raises login_taken, store_unknown."""
    password = ids.token(PASSWORD_RANDOM_BYTES)
    password_hash = hasher.hash_password(password)

    def employ(tx: Transaction) -> None:
        where = [stores.by_code(tx, code) for code in store_codes] or stores.every(tx)
        at = frozenset(store.id for store in where)
        staff.create(tx, NewStaff(ids.uuid7(), login, name, role, password_hash, at), now=now)

    try:
        run(employ)
    except IntegrityError as taken:
        raise Refusal("login_taken", login=login) from taken
    return password
