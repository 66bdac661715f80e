"""Six-digit PINs: one per shopper, hashed slowly elsewhere; the guessable eighth of them is refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity import locks
from backend.identity.guessable import guessable
from backend.identity.tables import pins

DIGITS = 6
WRONG_MAX = 20  # over all devices: whoever brings new ones gets no more tries by it
WRONG_WINDOW = timedelta(hours=24)


STORED = select(pins).where(pins.c.shopper_id == bindparam("shopper"))


@dataclass(frozen=True, slots=True)
class StoredPin:
    shopper_id: str
    pin_hash: str = field(repr=False)
    pepper_version: int


def normal_digits(text: str) -> str:
    """Decimal digits of any script (Arabic keyboards type ٠١٢) as ASCII; other characters stay."""
    return "".join(
        str(unicodedata.decimal(char)) if unicodedata.category(char) == "Nd" else char for char in text
    )


def demand_well_formed(pin: str) -> None:
    """Raises Refusal pin_malformed unless it is exactly six ASCII digits."""
    if len(pin) != DIGITS or not pin.isascii() or not pin.isdigit():
        raise Refusal("pin_malformed", digits=DIGITS)


def refuse_common(pin: str, *, facts: Sequence[str] = ()) -> None:
    """Raises Refusal pin_malformed or pin_too_common.

    facts: what others may know of the shopper (login, phone number, dates); digits in them are refused too.
    """
    demand_well_formed(pin)
    known = ("".join(c for c in normal_digits(fact) if c in "0123456789") for fact in facts)
    if guessable(pin) or any(pin in digits for digits in known):
        raise Refusal("pin_too_common")


def set_pin(tx: Transaction, shopper_id: str, *, pin_hash: str, pepper_version: int, now: datetime) -> None:
    values = {"pin_hash": pin_hash, "pepper_version": pepper_version, "set_at": now}
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    tx.execute(
        dialect.insert(pins)
        .values(shopper_id=shopper_id, **values)
        .on_conflict_do_update(index_elements=[pins.c.shopper_id], set_=values)
    )


def set_first_pin(
    tx: Transaction, shopper_id: str, *, pin_hash: str, pepper_version: int, now: datetime
) -> None:
    """Raises Refusal password_wrong if another request was first: changing a PIN takes the password."""
    values = {"pin_hash": pin_hash, "pepper_version": pepper_version, "set_at": now}
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    first = tx.execute(
        dialect.insert(pins)
        .values(shopper_id=shopper_id, **values)
        .on_conflict_do_nothing()
        .returning(pins.c.shopper_id)
    ).first()
    if first is None:
        raise Refusal("password_wrong")


def stored(tx: Transaction, shopper_id: str) -> StoredPin | None:
    row = tx.execute(STORED, {"shopper": shopper_id}).one_or_none()
    return None if row is None else StoredPin(row.shopper_id, row.pin_hash, row.pepper_version)


def take_try(tx: Transaction, shopper_id: str, device_id: str, *, now: datetime) -> bool:
    """Count a try before it is evaluated, for the device and for the shopper; False means locked."""
    return locks.take_slot(tx, lock_subject(shopper_id, device_id), now=now) and locks.count(
        tx, all_devices(shopper_id), at_most=WRONG_MAX, window=WRONG_WINDOW, now=now
    )


def was_right(tx: Transaction, shopper_id: str, device_id: str) -> None:
    locks.clear(tx, lock_subject(shopper_id, device_id))
    locks.uncount(tx, all_devices(shopper_id))


def was_not_evaluated(tx: Transaction, shopper_id: str, device_id: str) -> None:
    locks.give_back(tx, lock_subject(shopper_id, device_id))
    locks.uncount(tx, all_devices(shopper_id))


def all_devices(shopper_id: str) -> str:
    return f"pins:{shopper_id}"


def lock_subject(shopper_id: str, device_id: str) -> str:
    return f"pin:{shopper_id}:{device_id}"
