"""Which policy holds now, and how a decision is written down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.authorization.context import Context
from backend.authorization.evidence import Evidence
from backend.authorization.policy import DEFAULT_RULES, Granted, Policy
from backend.authorization.tables import policies
from backend.db.transaction import Transaction

CURRENT = (
    select(policies)
    .where(policies.c.channel == bindparam("of_channel"), policies.c.valid_from <= bindparam("now"))
    .order_by(policies.c.version.desc())
    .limit(1)
)
SINCE_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def current(tx: Transaction, channel: str, *, now: datetime) -> Policy:
    row = tx.execute(CURRENT, {"of_channel": channel, "now": now}).one()
    return Policy.from_rules(row.channel, row.version, row.rules)


def install_defaults(tx: Transaction) -> None:
    """Version 1 of every channel's policy, where there is none; a change is a new version, never an edit."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    rows = [
        {"channel": channel, "version": 1, "rules": rules, "valid_from": SINCE_EVER}
        for channel, rules in DEFAULT_RULES.items()
    ]
    tx.execute(dialect.insert(policies).values(rows).on_conflict_do_nothing())


def explain(
    policy: Policy, context: Context, evidence: Sequence[Evidence], decision: Granted
) -> dict[str, Any]:
    """What is stored with the payment: the rule that decided and every input."""
    return {
        "policy": {"channel": policy.channel, "version": policy.version},
        "way": decision.way,
        "amount_minor": context.amount_minor,
        "factors": sorted(str(e.factor) for e in evidence),
    }
