"""Accounts: a wallet per shopper with a floor of zero; those of a store are sums of entries.

Signs: an entry is positive when the account holds more for its owner. `cash` is what the till owes to the house:
a top-up of 100 posts wallet +100, cash −100; a payment posts wallet −115, sales +100, vat +15. `voucher` is what the
house owes to whoever brings one; `card` is what the gateway owes, `suspense` what it captured and nothing was sold for.
A closing moves what was counted from the till to the safe: cash +100, safe −98, difference −2, which is a loss.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import BigInteger, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.transaction import Transaction
from backend.ledger.tables import accounts

NAMESPACE = uuid.UUID("5a1d3c1e-7f0b-5c4e-9c55-1f6d0e6f2a11")
STORE_KINDS = ("cash", "sales", "vat", "voucher", "safe", "difference", "card", "suspense")


def account_id(kind: str, owner: str, currency: str) -> str:
    """Derived (RFC 9562 version 5), so that a payment needs no look-up."""
    return str(uuid.uuid5(NAMESPACE, f"{kind}/{owner}/{currency}"))


def open_wallet(tx: Transaction, shopper_id: str, currency: str) -> str:
    """Opens the wallet if it is not there; returns its account id."""
    _insert(tx, [_row("wallet", shopper_id, currency) | {"balance_minor": 0}])
    return account_id("wallet", shopper_id, currency)


def open_store_accounts(tx: Transaction, store_id: str, currency: str) -> None:
    """Those that are not there: a store may be older than a kind."""
    _insert(tx, [_row(kind, store_id, currency) | {"balance_minor": None} for kind in STORE_KINDS])


def balance(tx: Transaction, shopper_id: str, currency: str) -> int:
    """Minor units in the shopper's wallet; 0 where none was opened."""
    found = tx.execute(
        select(accounts.c.balance_minor).where(accounts.c.id == account_id("wallet", shopper_id, currency))
    ).scalar_one_or_none()
    return int(found or 0)


def move_wallet(tx: Transaction, shopper_id: str, currency: str, amount_minor: int) -> bool:
    """Add (or, negative, take) money; False, and nothing changed, if it would go below zero or does not exist."""
    wallet = account_id("wallet", shopper_id, currency)
    return tx.execute(MOVE, {"account": wallet, "amount": amount_minor}).rowcount == 1


MOVE = (
    update(accounts)
    .where(
        accounts.c.id == bindparam("account"),
        accounts.c.balance_minor + bindparam("amount", type_=BigInteger) >= 0,
    )
    .values(balance_minor=accounts.c.balance_minor + bindparam("amount", type_=BigInteger))
)


def _row(kind: str, owner: str, currency: str) -> dict[str, Any]:
    return {"id": account_id(kind, owner, currency), "kind": kind, "owner": owner, "currency": currency}


def _insert(tx: Transaction, rows: list[dict[str, Any]]) -> None:
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    tx.execute(dialect.insert(accounts).values(rows).on_conflict_do_nothing())
