"""What `smartpay reconcile` asks and reports; every room that keeps figures has a `checks.py` with RULES.

A rule is one statement that selects the rows which break it: the database compares, whatever the number of orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, String, and_, cast, func, select, true

from backend.clock import first_uuid7
from backend.db.transaction import Transaction

FINDINGS_MAX = 1_000  # of one rule: whoever broke more than that knows
ID_OLDER_MAX = timedelta(
    hours=24
)  # than its row: what is sold has the id of its line, which was scanned before


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that differs from what other rows say it must be."""

    kind: str  # of the rule, for programs
    rule: str  # a sentence that should be true
    subject: str  # which row, by its id; the parts of a composed key between "/"
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows are asked about."""

    now: datetime
    since: datetime | None = None  # None: all that there are

    def covers(self, id_: ColumnElement[str], at: ColumnElement[datetime]) -> ColumnElement[bool]:
        """Rows made since then. A UUIDv7 begins with its time, so the primary key finds them."""
        if self.since is None:
            return true()
        return and_(id_ >= first_uuid7(self.since - ID_OLDER_MAX), at >= self.since)


@dataclass(frozen=True, slots=True)
class Rule:
    """`breaches` selects the columns of the key, then those labelled expected… and found…"""

    kind: str
    says: str
    breaches: Callable[[Scope], Select[Any]]

    def ask(self, tx: Transaction, scope: Scope) -> list[Finding]:
        rows = tx.execute(some(self.breaches(scope))).mappings()
        return [self.finding(row) for row in rows]

    def finding(self, row: RowMapping) -> Finding:
        key = [value for name, value in row.items() if not name.startswith(("expected", "found"))]
        return Finding(
            self.kind, self.says, "/".join(map(str, key)), side(row, "expected"), side(row, "found")
        )


def rule(kind: str, says: str) -> Callable[[Callable[[Scope], Select[Any]]], Rule]:
    return lambda breaches: Rule(kind, says, breaches)


def some(breaches: Select[Any]) -> Select[Any]:
    """FINDINGS_MAX of them at most. A LIMIT alone has PostgreSQL choose a plan whose first rows come soon, as if there
    were many, and take twice the time to find none."""
    return select(breaches.cte("breaches").prefix_with("MATERIALIZED")).limit(FINDINGS_MAX)


def side(row: RowMapping, name: str) -> Any:
    """One value or a list of them; PostgreSQL sums a BIGINT to a Decimal."""
    values = [int(v) if isinstance(v, Decimal) else v for k, v in row.items() if k.startswith(name)]
    return values[0] if len(values) == 1 else values


def plain(id_: ColumnElement[str]) -> ColumnElement[str]:
    """An id, or a text that holds one, as both databases can compare them: SQLite keeps ids without hyphens."""
    return func.replace(cast(id_, String), "-", "")
