"""Do the gateway's word, the ledger and the checkouts tell the same story?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select

from backend.checkout.card_outcome import UNDECIDED
from backend.checkout.tables import card_payments, checkouts, gateway_events, refunds
from backend.db.findings import Scope, plain, rule
from backend.ledger.checks import POSTED, by_reference, orphans

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
    named = card_payments.c.checkout_id
    same = plain(named) == checkout_of(POSTED.reference)
    return orphans("capture", named, "a payment by card", scope, same=same)


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


@rule("card_refund_refused", "the gateway gives a refund to the card")
def refused_refunds(scope: Scope) -> Select[Any]:
    return select(refunds.c.id, literal("done").label("expected"), refunds.c.state.label("found")).where(
        refunds.c.state == "failed", scope.covers(refunds.c.id, refunds.c.at)
    )


@rule("gateway_event_strange", "the gateway tells of payments of ours, and of their amounts")
def strange_events(_scope: Scope) -> Select[Any]:
    return select(
        gateway_events.c.id,
        literal("a payment of ours").label("expected"),
        gateway_events.c.type.label("found"),
    ).where(gateway_events.c.state == "strange")


RULES = (wrong_bookings, orphan_captures, wrong_states, overdue, refused_refunds, strange_events)


def checkout_of(reference: ColumnElement[str]) -> ColumnElement[str]:
    """Of a posting: what was captured, or went back."""
    return func.replace(plain(reference), "back:", "")
