"""What a gateway will not give back to a card is the store's to give back in another way, once.

The gateway owes the store that money again. Which way was taken is a person's word: a refund may fail because somebody
made it in the gateway's own office before, so nothing goes to the wallet by itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import update

from backend.checkout.refunds import Refunded, of_id, told_of
from backend.checkout.tables import refunds
from backend.clock import Ids
from backend.db import audit
from backend.db.outbox import Kind
from backend.db.schema import stands
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.ledger.accounts import move_wallet, open_wallet
from backend.ledger.postings import Entry, Posting, post
from backend.orders.order import Order
from backend.orders.packing import held_of_store, tell

Way = Literal["wallet", "by_hand"]  # by_hand: somebody paid it back in the gateway's own office


def make_good(
    tx: Transaction, order_id: str, refund_id: str, way: Way, *, staff: StaffMember, ids: Ids, now: datetime
) -> Refunded:
    """What was made good in this way before stays as it is.

    Raises Refusal order_not_found, refund_not_found, refund_not_failed.
    """
    order = held_of_store(tx, order_id, staff)
    failed = update(refunds).where(refunds.c.id == refund_id, refunds.c.order_id == order_id)
    rose = tx.execute(failed.where(stands(refunds.c.state, "failed")).values(state=way)).rowcount == 1
    made = of_id(tx, order_id, refund_id)
    if made.state != way:
        raise Refusal("refund_not_failed", state=made.state)
    if rose:
        _book(tx, order, made, actor=f"staff:{staff.id}", ids=ids, now=now)
    return made


def _book(tx: Transaction, order: Order, made: Refunded, *, actor: str, ids: Ids, now: datetime) -> None:
    if made.state == "wallet":
        open_wallet(tx, order.shopper_id, made.currency)
        moved = move_wallet(tx, order.shopper_id, made.currency, made.amount_minor)
        assert moved, "a wallet takes any positive amount"
        into_wallet = Posting(
            kind="make_good",
            reference=made.id,
            store_id=order.store_id,
            actor=actor,
            currency=made.currency,
            entries=(
                Entry("card", order.store_id, -made.amount_minor),
                Entry("wallet", order.shopper_id, made.amount_minor),
            ),
        )
        post(tx, into_wallet, ids=ids, now=now)
        tell(tx, order, Kind.REFUND_IN_WALLET, ids=ids, now=now, **told_of(made))
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=actor,
        action="refund.made_good",
        subject=order.id,
        details={"refund": made.id, "amount_minor": made.amount_minor, "way": made.state},
    )
