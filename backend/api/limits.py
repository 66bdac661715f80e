"""How much one network may ask in a minute."""

from __future__ import annotations

from flask import request

from backend.adapters.request_counts import WINDOW_S, Uncounted
from backend.api import metrics
from backend.api.auth import services
from backend.api.introduction import origin
from backend.errors import Refusal

UNLIMITED = ("/healthz", "/readyz", metrics.PATH)  # asked by what watches over us


def check() -> None:
    """Raises Refusal too_many_requests. Where nobody counts, everybody may: a lost Redis stops no payment."""
    at = services()
    limit = at.settings.requests_per_minute_max
    if not limit or request.path in UNLIMITED:
        return
    try:
        asked = at.request_counts.another(origin(), now=at.clock.now())
    except Uncounted:
        metrics.UNCOUNTED.inc()
        return
    if asked > limit:
        raise Refusal("too_many_requests", retry_after_s=WINDOW_S)
