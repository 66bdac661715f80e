"""Shoppers for the tests of identity, faces and privacy; and a clock and ids that tests decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backend.clock import SystemIds
from backend.db.transaction import Runner
from backend.identity import devices, shoppers
from tests.phones import Phone

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDS = SystemIds()


def a_shopper(run: Runner, phone: Phone | None = None) -> str:
    """The id of a guest with one phone."""
    shopper_id = IDS.uuid7()
    device = (phone or Phone()).new_device()

    def begin(tx):
        shoppers.create_guest(tx, shopper_id=shopper_id, language="en", now=NOW)
        devices.add(tx, shopper_id, device, now=NOW)

    run(begin)
    return shopper_id


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)
