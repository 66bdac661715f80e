"""A proof that stops the process at a moment must find that moment in the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import backend
from backend.db import moments
from backend.db.moments import Moment


def test_every_moment_is_reached_somewhere():
    sources = Path(backend.__file__).parent.rglob("*.py")
    named = {
        name for source in sources for name in re.findall(r'\breached\("(\w+)"\)', source.read_text("utf-8"))
    }
    assert named == set(get_args(Moment))


def test_a_payment_passes_its_moments_in_the_order_of_its_effects(buyer):
    checkout, grant = buyer.granted("DATES")
    heard = []
    moments.listen(heard.append)
    try:
        buyer.pay(checkout, grant)
    finally:
        moments.listen(moments.nobody)
    assert heard == [
        "idempotency_claimed",
        "grant_used",
        "money_moved",
        "stock_sold",
        "before_commit",
        "committed",
    ]
