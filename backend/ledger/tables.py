"""Where money is: accounts, balanced postings, signed entries. Rows are only ever added."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Table, UniqueConstraint

from backend.db.schema import Id, UtcTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("owner", Id, nullable=False),  # shopper for a wallet, store for the others
    Column("currency", String(3), nullable=False),
    Column(
        "balance_minor", BigInteger
    ),  # kept only where there is a floor (wallets); the others are sums of entries
    UniqueConstraint("kind", "owner", "currency"),
    CheckConstraint(
        "kind IN ('wallet', 'cash', 'sales', 'vat', 'card', 'voucher', 'suspense', 'difference')",
        name="kind_known",
    ),
    CheckConstraint("balance_minor >= 0", name="floor"),
    CheckConstraint("(kind = 'wallet') = (balance_minor IS NOT NULL)", name="balance_with_floor"),
)

postings = Table(
    "postings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("reference", String(64), nullable=False),  # checkout, top-up, refund
    Column("store_id", Id, ForeignKey("stores.id"), nullable=False),
    Column("actor", String(64), nullable=False),  # "shopper:ID" or "staff:ID"
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("kind", "reference"),
    CheckConstraint(
        "kind IN ('topup', 'payment', 'refund', 'issue', 'redeem', 'payout', 'closing', 'capture')",
        name="kind_known",
    ),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("posting_id", Id, ForeignKey("postings.id"), nullable=False, index=True),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    CheckConstraint("amount_minor <> 0", name="not_zero"),
    Index("ix_entries_account", "account_id", "id"),
)
