"""Shoppers for the tests of identity, faces and privacy; and a clock and ids that tests decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backend.clock import SystemIds
from backend.db.transaction import Runner
from backend.identity import devices, shoppers
from backend.identity.devices import NewDevice
from backend.operations.shopper_device import DeviceKeys

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDS = SystemIds()


def new_device(keys: DeviceKeys, *, name: str = "phone", push_token: str | None = None) -> NewDevice:
    return NewDevice(keys.id, name, keys.jwk_enc, keys.jwk_sig, push_token)


def a_shopper(run: Runner, phone: DeviceKeys | None = None, *, push_token: str | None = None) -> str:
    """The id of a guest with one phone."""
    shopper_id = IDS.uuid7()
    device = new_device(phone or DeviceKeys(), push_token=push_token)

    def begin(tx):
        shoppers.create_guest(tx, shopper_id=shopper_id, language="en", now=NOW)
        devices.add(tx, shopper_id, device, now=NOW)

    run(begin)
    return shopper_id


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)
