"""Requests of this minute by network, in Redis for all nodes together."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime
from typing import cast

from redis import Redis, RedisError

from backend.adapters.request_counts import WINDOW_S, Uncounted, minute

ANSWER_S_MAX = 0.1
PAUSE_S = 5.0  # so long is a Redis that failed left alone


class InRedis:
    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(
            url, socket_timeout=ANSWER_S_MAX, socket_connect_timeout=ANSWER_S_MAX, retry=None
        )
        self.asked_again_at = 0.0  # seconds of the monotonic clock

    def another(self, network: str, *, now: datetime) -> int:
        if time.monotonic() < self.asked_again_at:
            raise Uncounted
        name = counter(network, now)
        try:
            together = self.redis.pipeline(transaction=False)
            together.incr(name)
            together.expire(name, 2 * WINDOW_S)
            return cast(int, together.execute()[0])
        except RedisError as problem:
            self.asked_again_at = time.monotonic() + PAUSE_S
            raise Uncounted from problem


def counter(network: str, now: datetime) -> str:
    """Redis' key. An address is personal data: its digest is enough to count by, and gone with the minute."""
    return f"smartpay:requests:{minute(now)}:{hashlib.sha256(network.encode()).hexdigest()[:16]}"
