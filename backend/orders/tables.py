"""Paid orders on their way to the shopper's hands."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from backend.db.schema import Id, UtcTime, metadata

orders = Table(
    "orders",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store_id", Id, ForeignKey("stores.id"), nullable=False),
    Column("receipt_number", BigInteger, nullable=False),  # gapless per store
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False, index=True),
    Column("checkout_id", Id, ForeignKey("checkouts.id"), nullable=False, unique=True),
    Column("posting_id", Id, nullable=False, unique=True),  # the payment
    Column("total_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(12), nullable=False),
    Column("packer_id", Id, ForeignKey("staff.id")),
    Column("pickup_code_hash", String(64)),
    Column("pickup_tries", Integer, nullable=False),
    Column("placed_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("method", String(8), nullable=False, server_default="wallet"),
    Column("discount_minor", BigInteger, nullable=False, server_default="0"),
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    Column("claim_until", UtcTime),  # a packer who vanished gives the order back
    Column("age_min", Integer),  # years; to be looked at when it is handed over
    UniqueConstraint("store_id", "receipt_number"),
    CheckConstraint(
        "state IN ('paid', 'accepted', 'packing', 'ready', 'handed_over', 'mismatch', 'cancelled')",
        name="state_known",
    ),
    CheckConstraint("total_minor > 0", name="positive"),
    CheckConstraint("method IN ('wallet', 'card')", name="method_known"),
    CheckConstraint("discount_minor >= 0", name="discount"),
    CheckConstraint("refunded_minor >= 0 AND refunded_minor <= total_minor", name="refunded_within_total"),
    CheckConstraint("pickup_tries >= 0 AND pickup_tries <= 5", name="pickup_tries"),
    Index("ix_orders_store_state", "store_id", "state", "placed_at"),
    Index("ix_orders_store_placed", "store_id", "placed_at", "id"),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False, index=True),
    Column("sku", String(32), nullable=False),
    Column("name_en", String(120), nullable=False),
    Column("name_ar", String(120), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("packed", Integer, nullable=False),
    Column("unit_price_minor", BigInteger, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("vat_rate_bp", Integer, nullable=False),
    Column("vat_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False, server_default="0"),
    Column("refunded", Integer, nullable=False, server_default="0"),  # pieces
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    Column("refunded_vat_minor", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("discount_minor >= 0 AND discount_minor <= gross_minor", name="discount_within_gross"),
    CheckConstraint("refunded >= 0 AND refunded <= quantity", name="refunded_within_quantity"),
    CheckConstraint(
        "refunded_minor >= 0 AND refunded_minor <= gross_minor - discount_minor", name="refunded_within_paid"
    ),
    CheckConstraint(
        "refunded_vat_minor >= 0 AND refunded_vat_minor <= vat_minor", name="refunded_vat_within_vat"
    ),
    CheckConstraint("quantity > 0 AND packed >= 0 AND packed <= quantity", name="packed_within_quantity"),
    CheckConstraint("gross_minor = quantity * unit_price_minor", name="gross"),
    CheckConstraint("vat_minor >= 0 AND vat_minor <= gross_minor - discount_minor", name="vat"),
)

order_steps = Table(  # every stage has a time stamp and a name
    "order_steps",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False, index=True),
    Column("state", String(12), nullable=False),
    Column("act", String(20)),  # what was done within the state, where it did not change
    Column("at", UtcTime, nullable=False),
    Column("staff_id", Id, ForeignKey("staff.id")),
    Column("note", String(200)),
)
