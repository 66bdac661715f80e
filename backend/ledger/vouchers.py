"""Vouchers: cash taken at the counter for a code, which becomes money in the wallet of whoever brings it.

How often is decided by the voucher's own row and by the key of its uses, once a shopper by a constraint.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.clock import Ids
from backend.db import audit, outbox
from backend.db.outbox import Happening, Kind
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.ledger.accounts import balance, move_wallet, open_store_accounts, open_wallet
from backend.ledger.postings import Entry, Posting, post
from backend.ledger.tables import voucher_uses, vouchers
from backend.ledger.voucher_codes import code_sha256

WORTH_MINOR_MIN = 1_00  # of one use
WORTH_MINOR_MAX = 5_000_00  # of all uses
USES_MAX = 100
VALID = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Issue:
    voucher_id: str
    code: str
    store_id: str
    value_minor: int
    uses_max: int
    currency: str
    staff_id: str


@dataclass(frozen=True, slots=True)
class Voucher:
    id: str
    store_id: str
    staff_id: str
    value_minor: int
    uses_max: int
    uses: int
    currency: str
    issued_at: datetime
    expires_at: datetime

    @property
    def worth_minor(self) -> int:
        return self.value_minor * self.uses_max


@dataclass(frozen=True, slots=True)
class Redeem:
    code: str
    shopper_id: str


@dataclass(frozen=True, slots=True)
class Redeemed:
    posting_id: str
    value_minor: int
    balance_minor: int
    currency: str


def issue(tx: Transaction, command: Issue, *, ids: Ids, now: datetime) -> Voucher:
    """Raises Refusal amount_out_of_range."""
    worth_minor = command.value_minor * command.uses_max
    if not (WORTH_MINOR_MIN <= command.value_minor <= worth_minor <= WORTH_MINOR_MAX):
        raise Refusal("amount_out_of_range", minimum_minor=WORTH_MINOR_MIN, maximum_minor=WORTH_MINOR_MAX)
    actor = f"staff:{command.staff_id}"
    open_store_accounts(tx, command.store_id, command.currency)
    entries = (Entry("cash", command.store_id, -worth_minor), Entry("voucher", command.store_id, worth_minor))
    posting = Posting("issue", command.voucher_id, command.store_id, actor, command.currency, entries)
    posting_id = post(tx, posting, ids=ids, now=now)
    tx.execute(
        insert(vouchers).values(
            id=command.voucher_id,
            code_sha256=code_sha256(command.code),
            value_minor=command.value_minor,
            currency=command.currency,
            uses_max=command.uses_max,
            uses=0,
            store_id=command.store_id,
            staff_id=command.staff_id,
            posting_id=posting_id,
            issued_at=now,
            expires_at=now + VALID,
        )
    )
    details = {"worth_minor": worth_minor, "uses_max": command.uses_max}
    audit.record(
        tx,
        entry_id=ids.uuid7(),
        at=now,
        actor=actor,
        action="voucher.issued",
        subject=command.voucher_id,
        details=details,
    )
    return find(tx, command.voucher_id)


def find(tx: Transaction, voucher_id: str) -> Voucher:
    """Raises Refusal voucher_unknown."""
    columns = [vouchers.c[name] for name in Voucher.__slots__]
    row = tx.execute(select(*columns).where(vouchers.c.id == voucher_id)).one_or_none()
    if row is None:
        raise Refusal("voucher_unknown")
    return Voucher(*row)


def redeem(tx: Transaction, command: Redeem, *, ids: Ids, now: datetime) -> Redeemed:
    """Raises Refusal voucher_unknown, voucher_over, voucher_used_up, or voucher_used by this shopper."""
    code = vouchers.c.code_sha256 == code_sha256(command.code)
    taken = tx.execute(
        update(vouchers)
        .where(code, vouchers.c.uses < vouchers.c.uses_max, vouchers.c.expires_at > now)
        .values(uses=vouchers.c.uses + 1)
        .returning(*(vouchers.c[name] for name in Voucher.__slots__))
    ).one_or_none()
    if taken is None:
        raise _why_not(tx, code, now)
    voucher = Voucher(*taken)
    posting_id = _credit(tx, voucher, command.shopper_id, ids=ids, now=now)
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    use = {"voucher_id": voucher.id, "n": voucher.uses, "shopper_id": command.shopper_id}
    first = tx.execute(
        dialect.insert(voucher_uses)
        .values(**use, posting_id=posting_id, at=now)
        .on_conflict_do_nothing(index_elements=["voucher_id", "shopper_id"])
        .returning(voucher_uses.c.n)
    ).first()
    if first is None:
        raise Refusal("voucher_used")
    now_minor = balance(tx, command.shopper_id, voucher.currency)
    facts = {"amount_minor": voucher.value_minor, "balance_minor": now_minor, "currency": voucher.currency}
    told = Happening(ids.uuid7(), Kind.VOUCHER_REDEEMED, posting_id, facts, shopper_id=command.shopper_id)
    outbox.add(tx, [told], now=now)
    return Redeemed(posting_id, voucher.value_minor, now_minor, voucher.currency)


def _credit(tx: Transaction, voucher: Voucher, shopper_id: str, *, ids: Ids, now: datetime) -> str:
    open_wallet(tx, shopper_id, voucher.currency)
    moved = move_wallet(tx, shopper_id, voucher.currency, voucher.value_minor)
    assert moved, "a wallet takes any positive amount"
    posting = Posting(
        kind="redeem",
        reference=f"{voucher.id}/{voucher.uses}",
        store_id=voucher.store_id,
        actor=f"shopper:{shopper_id}",
        currency=voucher.currency,
        entries=(
            Entry("voucher", voucher.store_id, -voucher.value_minor),
            Entry("wallet", shopper_id, voucher.value_minor),
        ),
    )
    return post(tx, posting, ids=ids, now=now)


def _why_not(tx: Transaction, code, now: datetime) -> Refusal:  # type: ignore[no-untyped-def]  # an SQL expression
    known = tx.execute(select(vouchers.c.expires_at).where(code)).one_or_none()
    if known is None:
        return Refusal("voucher_unknown")
    return Refusal("voucher_over" if known.expires_at <= now else "voucher_used_up")
