"""Where money is: accounts, balanced postings, signed entries. Rows are only ever added."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

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
        "kind IN ('wallet', 'cash', 'sales', 'vat', 'card', 'voucher', 'suspense', 'difference', 'safe')",
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
    Index("ix_postings_store_id_id", "store_id", "id"),
    CheckConstraint(
        "kind IN ('topup', 'payment', 'refund', 'make_good', 'issue', 'redeem', 'payout', 'closing', 'capture')",
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

vouchers = Table(
    "vouchers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code_sha256", String(64), nullable=False, unique=True),  # whoever has the code has the money
    Column("value_minor", BigInteger, nullable=False),  # of one use
    Column("currency", String(3), nullable=False),
    Column("uses_max", Integer, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("store_id", Id, ForeignKey("stores.id"), nullable=False),
    Column("staff_id", Id, nullable=False),
    Column("posting_id", Id, ForeignKey("postings.id"), nullable=False, unique=True),
    Column("issued_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    CheckConstraint("value_minor > 0", name="positive"),
    CheckConstraint("uses >= 0 AND uses <= uses_max", name="uses_within_limit"),
)

voucher_uses = Table(
    "voucher_uses",
    metadata,
    Column("voucher_id", Id, ForeignKey("vouchers.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # the how many-th use
    Column("shopper_id", Id, nullable=False),
    Column("posting_id", Id, ForeignKey("postings.id"), nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("voucher_id", "shopper_id"),
    CheckConstraint("n >= 1", name="counted"),
)

closings = Table(
    "closings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store_id", Id, ForeignKey("stores.id"), nullable=False),
    Column("day", Date, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("expected_minor", BigInteger, nullable=False),  # what the till owed by the books
    Column("counted_minor", BigInteger, nullable=False),
    Column("posting_id", Id, ForeignKey("postings.id"), unique=True),  # none where nothing moved
    Column("staff_id", Id, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("store_id", "day"),
    CheckConstraint("counted_minor >= 0", name="counted"),
)
