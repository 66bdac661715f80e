"""An act that has its effect once, however often it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from backend.db.idempotency import Answer, Once, claim, finish
from backend.db.transaction import Transaction
from backend.wiring import Services


def once_only(
    at: Services, once: Once, work: Callable[[Transaction, datetime], dict[str, Any]], *, status: int = 201
) -> Answer:
    """One transaction: the key, the effect and the answer. What `work` refuses gives the key back."""

    def act(tx: Transaction) -> Answer:
        now = at.clock.now()
        known = claim(tx, once, now=now)
        if known is not None:
            return known
        made = Answer(status, json.dumps(work(tx, now), ensure_ascii=False))
        finish(tx, once, made)
        return made

    return at.run(act)
