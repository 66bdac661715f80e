"""What a shopper decides about secrets: an account with a password, and the PIN. The hashes are slow: no rows held."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.clock import Clock, Ids
from backend.db import audit
from backend.db.transaction import Run, Transaction
from backend.errors import Refusal
from backend.identity import devices, locks, passwords, pins, shoppers
from backend.identity.ports import PinHasher
from backend.identity.shoppers import Shopper


@dataclass(frozen=True, slots=True)
class Register:
    shopper_id: str
    login: str = field(repr=False)
    display_name: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChoosePin:
    """`password` is needed to change a PIN that is there."""

    shopper_id: str
    device_id: str
    pin: str = field(repr=False)
    password: str | None = field(repr=False)


def register(command: Register, *, run: Run, hasher: PinHasher, clock: Clock) -> Shopper:
    """Raises Refusal login_…, display_name_malformed, password_…, already_registered."""
    login = shoppers.normal_login(command.login)
    name = shoppers.normal_name(command.display_name)
    passwords.refuse_weak(command.password, login=login)
    password_hash = hasher.hash_password(command.password)
    return run(
        lambda tx: shoppers.register(
            tx,
            command.shopper_id,
            login=login,
            password_hash=password_hash,
            display_name=name,
            now=clock.now(),
        )
    )


def choose_pin(command: ChoosePin, *, run: Run, hasher: PinHasher, ids: Ids, clock: Clock) -> None:
    """Raises Refusal pin_malformed, pin_too_common, password_missing, password_wrong (also when locked) or
    device_too_new: else a stolen password alone would be a device, a password and a PIN."""
    pin = pins.normal_digits(command.pin)
    subject = f"pin-change:{command.shopper_id}:{command.device_id}"

    def begin(tx: Transaction) -> tuple[Shopper, bool, bool]:
        shopper = shoppers.profile(tx, command.shopper_id)
        pins.refuse_common(pin, facts=[shopper.login or ""])
        changing = pins.stored(tx, command.shopper_id) is not None
        if changing and devices.is_new(tx, command.shopper_id, command.device_id, now=clock.now()):
            raise Refusal("device_too_new")
        return shopper, changing, not changing or locks.take_slot(tx, subject, now=clock.now())

    shopper, changing, free = run(begin)
    if changing:
        demand_password(shopper, command.password, free, hasher)
    pin_hash, version = hasher.hash_pin(command.shopper_id, pin)

    def finish(tx: Transaction) -> None:
        now = clock.now()
        stored = pins.set_pin if changing else pins.set_first_pin
        stored(tx, command.shopper_id, pin_hash=pin_hash, pepper_version=version, now=now)
        locks.clear(tx, subject)
        audit.record(
            tx,
            entry_id=ids.uuid7(),
            at=now,
            actor=f"shopper:{command.shopper_id}",
            action="pin.changed" if changing else "pin.chosen",
            subject=command.device_id,
        )

    run(finish)


def demand_password(shopper: Shopper, password: str | None, free: bool, hasher: PinHasher) -> None:
    if shopper.password_hash is None:
        raise Refusal("password_missing")
    if not hasher.password_matches(shopper.password_hash if free else None, password or ""):
        raise Refusal("password_wrong")
