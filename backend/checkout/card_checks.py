"""Do the gateway's word, the ledger and the checkouts tell the same story?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select

from backend.checkout.card_outcome import UNDECIDED
from backend.checkout.tables import card_payments, checkouts, gateway_events, refunds
from backend.db.findings import Scope, plain, rule
from backend.ledger.checks import POSTED, by_reference, moved, orphans

OVERDUE = timedelta(hours=1)
EXPECTED = {"pending": "paying", "failed": "paying", "captured": "paid"}  # payment → checkout; else neither


@rule("card_booked", "what the gateway owes for a payment by card is booked")
def wrong_bookings(scope: Scope) -> Select[Any]:
    posted = by_reference("card", ["payment", "capture"], scope)
    checkout = checkout_of(posted.c.reference)
    of_checkout = (
        select(checkout.label("checkout"), func.sum(posted.c.moved).label("booked"))
        .group_by(checkout)
        .subquery()
    )
    due = case((card_payments.c.state.in_(["captured", "returning"]), -card_payments.c.amount_minor), else_=0)
    booked = func.coalesce(of_checkout.c.booked, 0)
    return (
        select(card_payments.c.checkout_id, due.label("expected"), booked.label("found"))
        .join(of_checkout, of_checkout.c.checkout == plain(card_payments.c.checkout_id), isouter=True)
        .where(booked != due, scope.covers(card_payments.c.checkout_id, card_payments.c.created_at))
    )


@rule("card_orphan", "what is booked as captured was captured")
def orphan_captures(scope: Scope) -> Select[Any]:
    named = select(plain(card_payments.c.checkout_id))
    return orphans("capture", named, "a payment by card", scope, by=checkout_of(POSTED.reference))


@rule("card_state", "a checkout by card stands as its payment does")
def wrong_states(scope: Scope) -> Select[Any]:
    due = case(EXPECTED, value=card_payments.c.state, else_="neither")
    stands = case((checkouts.c.state.in_(["paying", "paid"]), checkouts.c.state), else_="neither")
    return (
        select(checkouts.c.id, due.label("expected"), checkouts.c.state.label("found"))
        .join(card_payments, card_payments.c.checkout_id == checkouts.c.id, isouter=True)
        .where(
            or_(checkouts.c.method == "card", checkouts.c.state == "paying"),
            due != stands,
            scope.covers(checkouts.c.id, checkouts.c.created_at),
        )
    )


@rule("card_overdue", "a payment by card is decided in time, and what goes back goes soon")
def overdue(scope: Scope) -> Select[Any]:
    return (
        select(
            card_payments.c.checkout_id,
            literal("decided").label("expected"),
            card_payments.c.state.label("found"),
        )
        .join(checkouts, checkouts.c.id == card_payments.c.checkout_id)
        .where(
            card_payments.c.state.in_([*UNDECIDED, "returning"]),
            checkouts.c.expires_at <= scope.now - OVERDUE,
        )
    )


@rule("card_refund_refused", "the gateway gives a refund to the card, or the store makes it good")
def refused_refunds(scope: Scope) -> Select[Any]:
    return select(refunds.c.id, literal("done").label("expected"), refunds.c.state.label("found")).where(
        refunds.c.state == "failed", scope.covers(refunds.c.id, refunds.c.at)
    )


@rule("refund_in_wallet", "what was made good in a wallet is booked there, once, and is the gateway's to pay")
def wrong_amends(scope: Scope) -> Select[Any]:
    given = moved("make_good", scope)
    due = case((refunds.c.state == "wallet", refunds.c.amount_minor), else_=0)
    found = func.coalesce(given.c.wallet, 0)
    return (
        select(refunds.c.id, due.label("expected"), found.label("found"))
        .join(given, given.c.reference == plain(refunds.c.id), isouter=True)
        .where(
            or_(
                found != due,
                func.coalesce(given.c.card, 0) != -due,
                given.c.store_id != refunds.c.store_id,
                given.c.currency != refunds.c.currency,
            ),
            refunds.c.method == "card",
            scope.covers(refunds.c.id, refunds.c.at),
        )
    )


@rule("refund_in_wallet_orphan", "what was made good in a wallet is a refund that failed")
def orphan_amends(scope: Scope) -> Select[Any]:
    named = select(plain(refunds.c.id)).where(refunds.c.state == "wallet")
    return orphans("make_good", named, "a refund", scope, by=plain(POSTED.reference))


@rule("gateway_event_strange", "the gateway tells of payments of ours, and of their amounts")
def strange_events(_scope: Scope) -> Select[Any]:
    return select(
        gateway_events.c.id,
        literal("a payment of ours").label("expected"),
        gateway_events.c.type.label("found"),
    ).where(gateway_events.c.state == "strange")


RULES = (
    wrong_bookings,
    orphan_captures,
    wrong_states,
    overdue,
    refused_refunds,
    wrong_amends,
    orphan_amends,
    strange_events,
)


def checkout_of(reference: ColumnElement[str]) -> ColumnElement[str]:
    """Of a posting: what was captured, or went back."""
    return func.replace(plain(reference), "back:", "")
