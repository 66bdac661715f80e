"""Happenings to shoppers' devices: into each inbox, then by push where a device has a token.

Delivering twice is harmless: inbox rows are keyed by the happening, and what a push service is known to have taken is
not sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any

from backend.clock import Clock
from backend.db import outbox
from backend.db.moments import reached
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
    """One message on its way to one device."""

    claimed: Claimed
    device: Device


def deliver(batch: Sequence[Claimed], *, run: Run, notifier: Notifier, clock: Clock) -> None:
    """All of them. Where it raises, each may be tried alone: what is done stays done."""
    pushes = run(lambda tx: put_into_inboxes(tx, batch, now=clock.now()))
    for _, of_one in groupby(pushes, key=lambda sent: sent[0].claimed.happening.id):
        outcomes = [(parcel, notifier.send(push)) for parcel, push in of_one]
        run(partial(note, outcomes=outcomes, now=clock.now()))


def put_into_inboxes(
    tx: Transaction, batch: Sequence[Claimed], *, now: datetime
) -> list[tuple[Parcel, Push]]:
    """The pushes that are still to be made; what needs none is done."""
    parcels = addressed(tx, batch, now=now)
    inbox.put(tx, [message(parcel) for parcel in parcels])
    waiting = worth_a_push(tx, [parcel for parcel in parcels if parcel.device.push_token], now=now)
    languages = {
        shopper_id: shoppers.profile(tx, shopper_id).language
        for shopper_id in {parcel.device.shopper_id for parcel in waiting}
    }
    on_their_way = {parcel.claimed.happening.id for parcel in waiting}
    finish(tx, [claimed for claimed in batch if claimed.happening.id not in on_their_way], now=now)
    return [(parcel, push(parcel, languages[parcel.device.shopper_id], now)) for parcel in waiting]


def addressed(tx: Transaction, batch: Sequence[Claimed], *, now: datetime) -> list[Parcel]:
    """Each happening to the devices that may read it; none for one that ran out or concerns no shopper."""
    alive = [one for one in batch if not (one.happening.expires_at and one.happening.expires_at <= now)]
    live = devices.hold(tx, {one.happening.shopper_id for one in alive if one.happening.shopper_id})
    return [
        Parcel(one, device)
        for one in alive
        for device in live
        if device.shopper_id == one.happening.shopper_id and one.happening.device_id in (None, device.id)
    ]


def message(parcel: Parcel) -> inbox.NewMessage:
    happening = parcel.claimed.happening
    return inbox.NewMessage(
        id=happening.id,
        shopper_id=parcel.device.shopper_id,
        device_id=parcel.device.id,
        kind=happening.kind,
        payload={name: value for name, value in happening.payload.items() if name != "sealed"},
        sealed=sealed_for(parcel.device.id, happening.payload),
        created_at=parcel.claimed.created_at,
        expires_at=happening.expires_at,
    )


def sealed_for(device_id: str, payload: Mapping[str, Any]) -> str | None:
    """Only what was sealed to this very device."""
    sealed: str | None = payload.get("sealed", {}).get(device_id)
    return sealed


def worth_a_push(tx: Transaction, parcels: Sequence[Parcel], *, now: datetime) -> list[Parcel]:
    """Neither pushed before, nor one alert too many."""
    if not parcels:
        return []
    pushed = inbox.pushed(tx, {parcel.claimed.happening.id for parcel in parcels})
    waiting = [parcel for parcel in parcels if (parcel.claimed.happening.id, parcel.device.id) not in pushed]
    alerts = {
        parcel.claimed.happening.id: parcel.claimed.happening
        for parcel in waiting
        if parcel.claimed.happening.kind in ALERTS
    }
    too_many = worn_out(tx, alerts.values(), now=now)
    return [parcel for parcel in waiting if parcel.claimed.happening.id not in too_many]


def worn_out(tx: Transaction, alerts: Iterable[Happening], *, now: datetime) -> set[str]:
    """Those that come after ALERTS_MAX of their kind."""
    too_many, allowed = set(), Counter[tuple[str, Kind]]()
    for alert in alerts:
        assert alert.shopper_id is not None
        whose = alert.shopper_id, alert.kind
        before = inbox.pushed_since(tx, *whose, now - ALERT_WINDOW, besides=alert.id)
        if before + allowed[whose] >= ALERTS_MAX:
            too_many.add(alert.id)
        allowed[whose] += alert.id not in too_many
    return too_many


def push(parcel: Parcel, language: str, now: datetime) -> Push:
    happening, device = parcel.claimed.happening, parcel.device
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
    """What the push service said of one message, to each of its devices."""
    for parcel, outcome in outcomes:
        if outcome.sent:
            inbox.mark_pushed(tx, parcel.device.id, parcel.claimed.happening.id, now=now)
        elif outcome.device_gone and parcel.device.push_token:
            devices.drop_push_token(tx, parcel.device.id, parcel.device.push_token)
    claimed = outcomes[0][0].claimed
    if again := [outcome.error for _, outcome in outcomes if outcome.worth_repeating]:
        outbox.failed(tx, claimed, "; ".join(again), now=now)
    else:
        finish(tx, [claimed], now=now)


def finish(tx: Transaction, several: Sequence[Claimed], *, now: datetime) -> None:
    if several:
        reached("outbox_sent")
        outbox.done(tx, several, now=now)
