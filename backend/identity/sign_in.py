"""Sign-in by login and password: counted before it is evaluated, answered alike whatever was wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.clock import Clock
from backend.db.transaction import Run, Transaction
from backend.errors import Refusal
from backend.identity import locks, shoppers
from backend.identity.ports import Digests, PinHasher
from backend.identity.shoppers import Shopper


@dataclass(frozen=True, slots=True)
class SignIn:
    """`origin` is the caller's network (/24 or /56): strangers elsewhere cannot lock the owner out."""

    login: str = field(repr=False)
    password: str = field(repr=False)
    origin: str


def sign_in(command: SignIn, *, run: Run, hasher: PinHasher, digests: Digests, clock: Clock) -> Shopper:
    """Raises Refusal sign_in_refused: unknown, wrong or locked, all alike and with the same work."""
    subject = lock_subject(command, digests)

    def begin(tx: Transaction) -> tuple[bool, Shopper | None]:
        free = locks.take_slot(tx, subject, now=clock.now())
        return free, shoppers.find_by_login(tx, command.login)

    free, shopper = run(begin)
    known = shopper.password_hash if free and shopper is not None else None
    if not hasher.password_matches(known, command.password) or shopper is None:
        raise Refusal("sign_in_refused")
    run(lambda tx: locks.clear(tx, subject))
    return shopper


def lock_subject(command: SignIn, digests: Digests) -> str:
    """Keyed: the table of locks does not tell which logins were tried from where."""
    try:
        login = shoppers.normal_login(command.login)
    except Refusal:
        login = ""  # malformed ones share a row
    return f"password:{digests.digest('sign-in', f'{command.origin} {login}')}"
