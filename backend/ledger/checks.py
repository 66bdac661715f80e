"""Do entries, postings and balances agree?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Join,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    select,
    true,
)

from backend.db.findings import Scope, plain, rule
from backend.ledger.tables import accounts, entries, postings

POSTED, CURRENCY = postings.c, func.min(entries.c.currency)  # of a group that `beside_entries` made
MOVED = ("wallet", "card", "cash", "sales", "vat", "voucher", "safe", "difference")  # kinds of account


@rule("entries_unbalanced", "entries of a posting sum to zero per currency")
def unbalanced(scope: Scope) -> Select[Any]:
    total = func.sum(entries.c.amount_minor)
    sums = select(entries.c.posting_id, literal(0).label("expected"), total.label("found"))
    if scope.since is not None:
        sums = sums.join(postings, postings.c.id == entries.c.posting_id).where(made(scope))
    return sums.group_by(entries.c.posting_id, entries.c.currency).having(total != 0)


@rule("entries_missing", "a posting has entries")
def without_entries(scope: Scope) -> Select[Any]:
    some = select(entries.c.id).where(entries.c.posting_id == postings.c.id).exists()
    return select(postings.c.id, literal("two or more").label("expected"), literal(0).label("found")).where(
        ~some, made(scope)
    )


@rule("wallet_balance", "a wallet's balance is the sum of its entries")
def wrong_balances(scope: Scope) -> Select[Any]:
    total = func.coalesce(func.sum(entries.c.amount_minor), 0)
    moved = (
        select(entries.c.account_id).join(postings, postings.c.id == entries.c.posting_id).where(made(scope))
    )
    return (
        select(accounts.c.id, total.label("expected"), accounts.c.balance_minor.label("found"))
        .join(entries, entries.c.account_id == accounts.c.id, isouter=True)
        .where(
            accounts.c.balance_minor.is_not(None),
            true() if scope.since is None else accounts.c.id.in_(moved),
        )
        .group_by(accounts.c.id, accounts.c.balance_minor)
        .having(accounts.c.balance_minor != total)
    )


@rule("entry_currency", "an entry has its account's currency")
def foreign_currencies(scope: Scope) -> Select[Any]:
    foreign = (
        select(entries.c.id, accounts.c.currency.label("expected"), entries.c.currency.label("found"))
        .join(accounts, accounts.c.id == entries.c.account_id)
        .where(entries.c.currency != accounts.c.currency)
    )
    if scope.since is None:
        return foreign
    return foreign.join(postings, postings.c.id == entries.c.posting_id).where(made(scope))


RULES = (unbalanced, without_entries, wrong_balances, foreign_currencies)


def made(scope: Scope) -> ColumnElement[bool]:
    return scope.covers(postings.c.id, postings.c.at)


def towards(account_kind: str) -> ColumnElement[int]:
    """What a group of entries, joined with their accounts, moved towards that kind of account; minor units."""
    amount = case((accounts.c.kind == account_kind, entries.c.amount_minor), else_=0)
    return func.coalesce(func.sum(amount), 0)


def beside_entries(rows: FromClause, posting_id: ColumnElement[str], kind: str) -> Join:
    """Rows beside their posting of that kind (`POSTED`), each of its entries, and the account of that."""
    theirs = and_(postings.c.id == posting_id, postings.c.kind == kind)
    return with_entries(rows.outerjoin(postings, theirs))


def with_entries(rows: FromClause) -> Join:
    of_posting, of_entry = entries.c.posting_id == postings.c.id, accounts.c.id == entries.c.account_id
    return rows.outerjoin(entries, of_posting).outerjoin(accounts, of_entry)


def orphans(
    kind: str, named: Select[Any], what: str, scope: Scope, *, by: ColumnElement[str] = postings.c.id
) -> Select[Any]:
    """Postings of that kind that no row names. named: what rows name; by: what of a posting that is.

    One set without the other: where no index serves, SQLite joins each row of one side with every row of the other.
    """
    ours = and_(postings.c.kind == kind, made(scope))
    nobodys = select(by).where(ours).except_(named)
    return select(postings.c.id, literal(what).label("expected"), literal(None).label("found")).where(
        ours, by.in_(nobodys)
    )


def by_reference(account_kind: str, kinds: Sequence[str], scope: Scope) -> Subquery:
    """What postings of those kinds `moved` towards accounts of that kind; minor units."""
    amount = func.sum(entries.c.amount_minor).label("moved")
    return (
        select(postings.c.reference, amount)
        .join(entries, entries.c.posting_id == postings.c.id)
        .join(accounts, accounts.c.id == entries.c.account_id)
        .where(accounts.c.kind == account_kind, postings.c.kind.in_(kinds), made(scope))
        .group_by(postings.c.reference)
        .subquery()
    )


def moved(kind: str, scope: Scope) -> Subquery:
    """Every posting of a kind with what it moved per kind of account, for rooms that know what it should have.

    Its reference is `plain`: SQLite makes an index of a column, not of what is made of it in a join.
    """
    return (
        select(
            postings.c.id,
            plain(postings.c.reference).label("reference"),
            postings.c.store_id,
            CURRENCY.label("currency"),
            *(towards(name).label(name) for name in MOVED),
        )
        .select_from(with_entries(postings))
        .where(postings.c.kind == kind, made(scope))
        .group_by(postings.c.id)
        .subquery()
    )
