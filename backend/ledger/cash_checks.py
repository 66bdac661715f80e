"""Do top-ups, payouts, vouchers and closings agree with the books?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, literal, or_, select

from backend.db.findings import Rule, Scope, rule
from backend.ledger.checks import made, moved
from backend.ledger.tables import closings, postings, voucher_uses, vouchers


def cash_act(kind: str, says: str, sign: int) -> Rule:
    """sign: 1 into the wallet, -1 out of it."""

    def breaches(scope: Scope) -> Select[Any]:
        act = moved(kind, scope)
        to_wallet = act.c.wallet * sign
        return select(act.c.id, (-act.c.cash).label("expected"), act.c.wallet.label("found")).where(
            or_(to_wallet <= 0, act.c.wallet != -act.c.cash)
        )

    return Rule(kind, says, breaches)


@rule("voucher_uses", "a voucher is used as often as its uses say")
def wrong_uses(scope: Scope) -> Select[Any]:
    used = func.count(voucher_uses.c.n)
    return (
        select(vouchers.c.id, used.label("expected"), vouchers.c.uses.label("found"))
        .join(voucher_uses, voucher_uses.c.voucher_id == vouchers.c.id, isouter=True)
        .where(scope.covers(vouchers.c.id, vouchers.c.issued_at))
        .group_by(vouchers.c.id, vouchers.c.uses)
        .having(vouchers.c.uses != used)
    )


@rule("voucher_issued", "the cash of a voucher is what its uses are worth")
def wrong_issues(scope: Scope) -> Select[Any]:
    paid, worth = moved("issue", scope), vouchers.c.value_minor * vouchers.c.uses_max
    return (
        select(vouchers.c.id, worth.label("expected"), paid.c.voucher.label("found"))
        .join(paid, paid.c.id == vouchers.c.posting_id, isouter=True)
        .where(
            or_(paid.c.id.is_(None), paid.c.voucher != worth, paid.c.cash != -worth),
            scope.covers(vouchers.c.id, vouchers.c.issued_at),
        )
    )


@rule("voucher_redeemed", "a use of a voucher brings its value into a wallet")
def wrong_redeems(scope: Scope) -> Select[Any]:
    brought, value = moved("redeem", scope), vouchers.c.value_minor
    return (
        select(
            voucher_uses.c.voucher_id,
            voucher_uses.c.n,
            value.label("expected"),
            brought.c.wallet.label("found"),
        )
        .join(vouchers, vouchers.c.id == voucher_uses.c.voucher_id)
        .join(brought, brought.c.id == voucher_uses.c.posting_id, isouter=True)
        .where(
            or_(brought.c.id.is_(None), brought.c.wallet != value, brought.c.voucher != -value),
            scope.covers(voucher_uses.c.posting_id, voucher_uses.c.at),
        )
    )


@rule("closing", "a closing books what was expected, counted and missing")
def wrong_closings(scope: Scope) -> Select[Any]:
    booked, row = moved("closing", scope), closings.c
    cash, safe = (func.coalesce(amount, 0) for amount in (booked.c.cash, booked.c.safe))
    return (
        select(
            row.id,
            row.expected_minor.label("expected_cash"),
            (-row.counted_minor).label("expected_safe"),
            cash.label("found_cash"),
            safe.label("found_safe"),
        )
        .join(booked, booked.c.id == row.posting_id, isouter=True)
        .where(or_(row.expected_minor != cash, row.counted_minor != -safe), scope.covers(row.id, row.at))
    )


@rule("cash_posting_orphan", "a voucher's or a closing's posting has its row")
def orphans(scope: Scope) -> Select[Any]:
    rows = (vouchers.c.posting_id, voucher_uses.c.posting_id, closings.c.posting_id)
    of_row = (select(posting_id).where(posting_id == postings.c.id).exists() for posting_id in rows)
    return select(postings.c.id, literal("a row").label("expected"), literal(None).label("found")).where(
        postings.c.kind.in_(("issue", "redeem", "closing")), ~or_(*of_row), made(scope)
    )


RULES = (
    cash_act("topup", "a top-up brings its cash into a wallet", 1),
    cash_act("payout", "a payout takes its cash out of a wallet", -1),
    wrong_uses,
    wrong_issues,
    wrong_redeems,
    wrong_closings,
    orphans,
)
