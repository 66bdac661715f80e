"""Cash over the counter: into a shopper's wallet, and out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.clock import Ids
from backend.db import audit, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.ledger.accounts import balance, move_wallet, open_wallet
from backend.ledger.postings import Entry, Posting, post

CASH_MINOR_MIN = 1_00
CASH_MINOR_MAX = 5_000_00


@dataclass(frozen=True, slots=True)
class CashAct:
    reference: str  # the idempotency key's act, unique
    store_id: str
    shopper_id: str
    amount_minor: int
    currency: str
    staff_id: str


class TopUp(CashAct):
    """Cash becomes money in the wallet."""


class PayOut(CashAct):
    """Money in the wallet becomes cash."""


@dataclass(frozen=True, slots=True)
class CashMoved:
    posting_id: str
    balance_minor: int


def top_up(tx: Transaction, command: TopUp, *, ids: Ids, now: datetime) -> CashMoved:
    """Raises Refusal amount_out_of_range."""
    _refuse_beyond_limits(command.amount_minor)
    open_wallet(tx, command.shopper_id, command.currency)
    moved = move_wallet(tx, command.shopper_id, command.currency, command.amount_minor)
    assert moved, "a wallet takes any positive amount"
    return _book(tx, "topup", command, command.amount_minor, Kind.WALLET_TOPPED_UP, ids=ids, now=now)


def pay_out(tx: Transaction, command: PayOut, *, ids: Ids, now: datetime) -> CashMoved:
    """Raises Refusal amount_out_of_range or wallet_short."""
    _refuse_beyond_limits(command.amount_minor)
    if not move_wallet(tx, command.shopper_id, command.currency, -command.amount_minor):
        raise Refusal("wallet_short", balance_minor=balance(tx, command.shopper_id, command.currency))
    return _book(tx, "payout", command, -command.amount_minor, Kind.WALLET_PAID_OUT, ids=ids, now=now)


def _refuse_beyond_limits(amount_minor: int) -> None:
    if not CASH_MINOR_MIN <= amount_minor <= CASH_MINOR_MAX:
        raise Refusal("amount_out_of_range", minimum_minor=CASH_MINOR_MIN, maximum_minor=CASH_MINOR_MAX)


def _book(
    tx: Transaction, kind: str, act: CashAct, to_wallet_minor: int, told: Kind, *, ids: Ids, now: datetime
) -> CashMoved:
    actor = f"staff:{act.staff_id}"
    entries = (
        Entry("wallet", act.shopper_id, to_wallet_minor),
        Entry("cash", act.store_id, -to_wallet_minor),
    )
    posting = Posting(kind, act.reference, act.store_id, actor, act.currency, entries)
    posting_id = post(tx, posting, ids=ids, now=now)
    now_minor = balance(tx, act.shopper_id, act.currency)
    facts = {"amount_minor": act.amount_minor, "balance_minor": now_minor, "currency": act.currency}
    happening = Happening(ids.uuid7(), told, posting_id, facts, shopper_id=act.shopper_id)
    outbox.add(tx, [happening], now=now)
    audit.record(tx, entry_id=ids.uuid7(), at=now, actor=actor, action=told.value, subject=posting_id)
    return CashMoved(posting_id, now_minor)
