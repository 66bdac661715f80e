"""A store's live feed, polled: `after` and an ETag make most polls an empty 304."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request

from backend.api import duties
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import answer, with_etag
from backend.db import events
from backend.errors import Refusal

bp = Blueprint("events", __name__, url_prefix="/v1")
PUBLIC_FACTS = ("order_id", "receipt_number", "total_minor", "currency")  # never what is sealed to a device
EVENT_ID = re.compile(r"[0-9]{1,15}", re.ASCII)


@bp.get("/events")
@staff_role(*duties.ANYBODY)
@describe(
    "What happened in a store after an event",
    query={"store": "Store code.", "after": "Last event id seen; 0 if absent."},
    answers={200: "application/json", 304: None},
    problems=("store_unknown", "event_id_malformed"),
)
def get_events() -> Response:
    at, member = services(), current_staff()
    code, after = request.args.get("store", ""), request.args.get("after", "0")
    if not EVENT_ID.fullmatch(after):
        raise Refusal("event_id_malformed")

    def read(tx: Any) -> dict[str, Any]:
        store = duties.store_of(tx, member, code)
        found = events.after(tx, store.id, int(after))
        return {"events": [event_json(e) for e in found], "last": found[-1].id if found else int(after)}

    return with_etag(answer(200, at.run.read(read)))


def event_json(event: events.Event) -> dict[str, Any]:
    facts = {name: event.payload[name] for name in PUBLIC_FACTS if name in event.payload}
    return {
        "id": event.id,
        "kind": event.kind,
        "subject": event.subject,
        "at": event.at.isoformat(),
        "facts": facts,
    }
