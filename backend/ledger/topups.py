"""Cash that staff take at the counter becomes money in a wallet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.clock import Ids
from backend.db import outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.ledger.accounts import balance, move_wallet, open_wallet
from backend.ledger.postings import Entry, Posting, post

TOPUP_MINOR_MIN = 1_00
TOPUP_MINOR_MAX = 5_000_00


@dataclass(frozen=True, slots=True)
class TopUp:
    reference: str  # the idempotency key's act, unique
    store_id: str
    shopper_id: str
    amount_minor: int
    currency: str
    staff_id: str


@dataclass(frozen=True, slots=True)
class ToppedUp:
    posting_id: str
    balance_minor: int


def top_up(tx: Transaction, command: TopUp, *, ids: Ids, now: datetime) -> ToppedUp:
    """Raises Refusal amount_out_of_range."""
    if not TOPUP_MINOR_MIN <= command.amount_minor <= TOPUP_MINOR_MAX:
        raise Refusal("amount_out_of_range", minimum_minor=TOPUP_MINOR_MIN, maximum_minor=TOPUP_MINOR_MAX)
    open_wallet(tx, command.shopper_id, command.currency)
    moved = move_wallet(tx, command.shopper_id, command.currency, command.amount_minor)
    assert moved, "a wallet takes any positive amount"
    posting_id = post(
        tx,
        Posting(
            kind="topup",
            reference=command.reference,
            store_id=command.store_id,
            actor=f"staff:{command.staff_id}",
            currency=command.currency,
            entries=(
                Entry("wallet", command.shopper_id, command.amount_minor),
                Entry("cash", command.store_id, -command.amount_minor),
            ),
        ),
        ids=ids,
        now=now,
    )
    now_minor = balance(tx, command.shopper_id, command.currency)
    facts = {"amount_minor": command.amount_minor, "balance_minor": now_minor, "currency": command.currency}
    happening = Happening(
        ids.uuid7(), Kind.WALLET_TOPPED_UP, posting_id, facts, shopper_id=command.shopper_id
    )
    outbox.add(tx, [happening], now=now)
    return ToppedUp(posting_id, now_minor)
