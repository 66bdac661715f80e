"""What came into a wallet and left it, with the balance after each entry."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from backend.db.transaction import Transaction
from backend.ledger.accounts import account_id
from backend.ledger.tables import entries, postings
from backend.money import decimal_text

PAGE_MAX = 100
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class StatementLine:
    id: str
    at: datetime
    kind: str
    amount_minor: int
    reference: str
    balance_minor: int  # after it


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[StatementLine, ...]  # newest first
    next: str | None  # give it as `after` for the page that follows


def page(
    tx: Transaction, shopper_id: str, currency: str, *, after: str | None = None, limit: int = PAGE_MAX
) -> Page:
    """after: the id of a line; the page begins with the one before it in time."""
    assert 1 <= limit <= PAGE_MAX, limit
    wallet = account_id("wallet", shopper_id, currency)
    older = [entries.c.account_id == wallet, *([entries.c.id < after] if after else [])]
    rows = tx.execute(_lines().where(*older).order_by(entries.c.id.desc()).limit(limit + 1)).all()
    running = select(func.coalesce(func.sum(entries.c.amount_minor), 0)).where(*older)
    balance_minor = int(tx.execute(running).scalar_one()) if rows else 0
    lines = []
    for row in rows[:limit]:
        lines.append(_line(row, balance_minor))
        balance_minor -= row.amount_minor
    return Page(tuple(lines), lines[-1].id if len(rows) > limit else None)


def line_of(tx: Transaction, shopper_id: str, currency: str, posting_reference: str) -> StatementLine | None:
    wallet = account_id("wallet", shopper_id, currency)
    row = tx.execute(
        _lines().where(entries.c.account_id == wallet, postings.c.reference == posting_reference)
    ).first()
    if row is None:
        return None
    upto = select(func.sum(entries.c.amount_minor)).where(
        entries.c.account_id == wallet, entries.c.id <= row.id
    )
    return _line(row, int(tx.execute(upto).scalar_one()))


def statement_csv(tx: Transaction, shopper_id: str, currency: str) -> str:
    """All of it, oldest first, amounts as exact decimals (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("at", "kind", "amount", "balance", "currency", "reference"))
    for line in _everything(tx, account_id("wallet", shopper_id, currency)):
        amount, balance = (decimal_text(minor, currency) for minor in (line.amount_minor, line.balance_minor))
        writer.writerow((line.at.isoformat(), line.kind, amount, balance, currency, line.reference))
    return text.getvalue()


def _everything(tx: Transaction, wallet: str) -> Iterator[StatementLine]:
    last, balance_minor = "", 0
    while True:
        wanted = _lines().where(entries.c.account_id == wallet).order_by(entries.c.id).limit(CHUNK)
        rows = tx.execute(wanted.where(entries.c.id > last) if last else wanted).all()
        for row in rows:
            balance_minor += row.amount_minor
            yield _line(row, balance_minor)
        if len(rows) < CHUNK:
            return
        last = rows[-1].id


def _lines() -> Select[tuple[str, datetime, str, int, str]]:
    columns = (entries.c.id, postings.c.at, postings.c.kind, entries.c.amount_minor, postings.c.reference)
    return select(*columns).join(postings, postings.c.id == entries.c.posting_id)


def _line(row: Row[Any], balance_minor: int) -> StatementLine:
    return StatementLine(row.id, row.at, row.kind, row.amount_minor, row.reference, balance_minor)
