"""Do entries, postings and balances agree?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select

from backend.db.findings import Finding
from backend.db.transaction import Transaction
from backend.ledger.tables import accounts, entries, postings


@dataclass(frozen=True, slots=True)
class Moved:
    """What one posting moved, per kind of account, in minor units; plus is towards the account."""

    posting_id: str
    kind: str
    reference: str
    store_id: str
    currency: str
    by_kind: dict[str, int]


def check(tx: Transaction) -> list[Finding]:
    return [*unbalanced(tx), *without_entries(tx), *wrong_balances(tx), *foreign_currencies(tx)]


def unbalanced(tx: Transaction) -> list[Finding]:
    total = func.sum(entries.c.amount_minor)
    rows = tx.execute(
        select(entries.c.posting_id, entries.c.currency, total.label("total"))
        .group_by(entries.c.posting_id, entries.c.currency)
        .having(total != 0)
        .order_by(entries.c.posting_id)
    )
    rule = "entries of a posting sum to zero per currency"
    return [Finding(rule, f"posting {row.posting_id} {row.currency}", 0, int(row.total)) for row in rows]


def without_entries(tx: Transaction) -> list[Finding]:
    some = select(entries.c.id).where(entries.c.posting_id == postings.c.id).exists()
    rows = tx.execute(select(postings.c.id).where(~some).order_by(postings.c.id))
    return [Finding("a posting has entries", f"posting {row.id}", "two or more", 0) for row in rows]


def wrong_balances(tx: Transaction) -> list[Finding]:
    total = func.coalesce(func.sum(entries.c.amount_minor), 0)
    rows = tx.execute(
        select(accounts.c.id, accounts.c.owner, accounts.c.balance_minor, total.label("total"))
        .join(entries, entries.c.account_id == accounts.c.id, isouter=True)
        .where(accounts.c.balance_minor.is_not(None))
        .group_by(accounts.c.id, accounts.c.owner, accounts.c.balance_minor)
        .having(accounts.c.balance_minor != total)
        .order_by(accounts.c.id)
    )
    rule = "a wallet's balance is the sum of its entries"
    return [Finding(rule, f"wallet of {row.owner}", int(row.total), row.balance_minor) for row in rows]


def foreign_currencies(tx: Transaction) -> list[Finding]:
    rows = tx.execute(
        select(entries.c.id, entries.c.currency, accounts.c.currency.label("of_account"))
        .join(accounts, accounts.c.id == entries.c.account_id)
        .where(entries.c.currency != accounts.c.currency)
        .order_by(entries.c.id)
    )
    rule = "an entry has its account's currency"
    return [Finding(rule, f"entry {row.id}", row.of_account, row.currency) for row in rows]


def moved(tx: Transaction, kind: str) -> list[Moved]:
    """Every posting of a kind, for rooms that know what it should have moved."""

    def of(account_kind: str) -> ColumnElement[int]:
        amount = case((accounts.c.kind == account_kind, entries.c.amount_minor), else_=0)
        return func.coalesce(func.sum(amount), 0).label(account_kind)

    kinds = ("wallet", "cash", "sales", "vat")
    rows = tx.execute(
        select(*postings.c, func.min(entries.c.currency).label("currency"), *(of(name) for name in kinds))
        .join(entries, entries.c.posting_id == postings.c.id, isouter=True)
        .join(accounts, accounts.c.id == entries.c.account_id, isouter=True)
        .where(postings.c.kind == kind)
        .group_by(postings.c.id)
        .order_by(postings.c.id)
    ).mappings()
    return [
        Moved(
            posting_id=row["id"],
            kind=row["kind"],
            reference=row["reference"],
            store_id=row["store_id"],
            currency=row["currency"] or "",
            by_kind={name: int(row[name]) for name in kinds},
        )
        for row in rows
    ]
