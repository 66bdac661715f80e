"""One happening to the shopper's devices: into each inbox, then by push where a device has a token.

Delivering twice is harmless: inbox rows are keyed by the happening, and what a push service took is not sent
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.clock import Clock
from backend.db.outbox import Claimed, Happening, Kind
from backend.db.transaction import Run, Transaction
from backend.identity import devices, shoppers
from backend.identity.devices import Device
from backend.messages import inbox
from backend.messages.ports import Notifier, Outcome, Push
from backend.messages.wording import Words, words

GRANT_TTL_S = 60
TTL_S = 24 * 3600
ALERT_WINDOW = timedelta(minutes=10)
ALERTS_MAX = 3  # pushed within the window; further ones wait in the inbox, so nobody can be worn down
ALERTS = {Kind.FACE_REFUSED, Kind.PIN_REFUSED, Kind.PIN_LOCKED}  # counted kind by kind
DATA_ONLY = {Kind.GRANT_ISSUED}  # the application opens it; nothing is shown on a locked screen


@dataclass(frozen=True, slots=True)
class Parcel:
    """One push on its way to one device."""

    device_id: str
    message_id: str
    push: Push


def deliver(claimed: Claimed, *, run: Run, notifier: Notifier, clock: Clock) -> str:
    """What has to be tried again, in words; empty when nothing has."""
    parcels = run(lambda tx: put_into_inboxes(tx, claimed, now=clock.now()))
    outcomes = [(parcel, notifier.send(parcel.push)) for parcel in parcels]
    if outcomes:
        run(lambda tx: note(tx, outcomes, now=clock.now()))
    return "; ".join(outcome.error for _, outcome in outcomes if outcome.worth_repeating)


def put_into_inboxes(tx: Transaction, claimed: Claimed, *, now: datetime) -> list[Parcel]:
    """The pushes that are still to be made."""
    happening = claimed.happening
    if happening.shopper_id is None or (happening.expires_at is not None and happening.expires_at <= now):
        return []
    waiting = [
        device
        for device in addressees(tx, happening)
        if inbox.put(tx, message(claimed, happening.shopper_id, device))
    ]
    with_token = [device for device in waiting if device.push_token is not None]
    if not with_token or worn_out(tx, happening, now=now):
        return []
    language = shoppers.profile(tx, happening.shopper_id).language
    return [Parcel(device.id, happening.id, push(happening, device, language, now)) for device in with_token]


def addressees(tx: Transaction, happening: Happening) -> list[Device]:
    assert happening.shopper_id is not None
    live = devices.of(tx, happening.shopper_id)
    return [device for device in live if happening.device_id in (None, device.id)]


def message(claimed: Claimed, shopper_id: str, device: Device) -> inbox.NewMessage:
    happening = claimed.happening
    return inbox.NewMessage(
        id=happening.id,
        shopper_id=shopper_id,
        device_id=device.id,
        kind=happening.kind,
        payload={name: value for name, value in happening.payload.items() if name != "sealed"},
        sealed=sealed_for(device.id, happening.payload),
        created_at=claimed.created_at,
        expires_at=happening.expires_at,
    )


def sealed_for(device_id: str, payload: Mapping[str, Any]) -> str | None:
    """Only what was sealed to this very device."""
    sealed: str | None = payload.get("sealed", {}).get(device_id)
    return sealed


def worn_out(tx: Transaction, happening: Happening, *, now: datetime) -> bool:
    if happening.kind not in ALERTS:
        return False
    assert happening.shopper_id is not None
    since = now - ALERT_WINDOW
    pushed = inbox.pushed_since(tx, happening.shopper_id, happening.kind, since, besides=happening.id)
    return pushed >= ALERTS_MAX


def push(happening: Happening, device: Device, language: str, now: datetime) -> Push:
    assert device.push_token is not None
    ttl_s = GRANT_TTL_S if happening.kind is Kind.GRANT_ISSUED else TTL_S
    if happening.expires_at is not None:
        ttl_s = min(ttl_s, max(1, int((happening.expires_at - now).total_seconds())))
    data = {"type": happening.kind.value, "id": happening.id}
    if sealed := sealed_for(device.id, happening.payload):
        data["jwe"] = sealed
    shown = (
        Words("", "") if happening.kind in DATA_ONLY else words(happening.kind, language, happening.payload)
    )
    return Push(device.push_token, shown.title, shown.body, data, ttl_s)


def note(tx: Transaction, outcomes: Sequence[tuple[Parcel, Outcome]], *, now: datetime) -> None:
    for parcel, outcome in outcomes:
        if outcome.sent:
            inbox.mark_pushed(tx, parcel.device_id, parcel.message_id, now=now)
        elif outcome.device_gone:
            devices.drop_push_token(tx, parcel.device_id, parcel.push.push_token)
