"""Carts, their lines, and the scans that made them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from backend.db.schema import Id, JsonOrNull, UtcTime, metadata

carts = Table(
    "carts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store_id", Id, ForeignKey("stores.id"), nullable=False),
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False),
    Column("state", String(10), nullable=False),  # frozen: a checkout decides about it
    Column("extensions", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    CheckConstraint("state IN ('open', 'frozen', 'expired')", name="state_known"),
    Index(
        "uq_carts_open",
        "shopper_id",
        "store_id",
        unique=True,
        sqlite_where=Column("state") == "open",
        postgresql_where=Column("state") == "open",
    ),
    Index("ix_carts_shopper_expires", "shopper_id", "expires_at"),
)

cart_lines = Table(
    "cart_lines",
    metadata,
    Column("id", Id, primary_key=True),
    Column("cart_id", Id, ForeignKey("carts.id"), nullable=False),
    Column("sku", String(32), ForeignKey("products.sku"), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_price_minor", BigInteger, nullable=False),  # as the shopper last saw it
    Column("vat_rate_bp", Integer, nullable=False),
    UniqueConstraint("cart_id", "sku"),
    CheckConstraint("quantity > 0 AND unit_price_minor > 0", name="positive"),
)

scans = Table(  # a scan repeated with the same scan_id changes nothing
    "scans",
    metadata,
    Column("shopper_id", Id, ForeignKey("shoppers.id"), primary_key=True),
    Column("scan_id", String(64), primary_key=True),
    Column("cart_id", Id, ForeignKey("carts.id"), nullable=False),
    Column("sku", String(32), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("line_id", Id),  # which its piece went to, with these facts
    Column("unit_price_minor", BigInteger),
    Column("vat_rate_bp", Integer),
    Column("held_until", UtcTime),
)

promotions = Table(  # in which lines a promotion of each kind is given: backend/carts/discounts.py
    "promotions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store_id", Id, ForeignKey("stores.id")),  # NULL: in every store
    Column("kind", String(10), nullable=False),
    Column("name_en", String(80), nullable=False),
    Column("name_ar", String(80), nullable=False),
    Column("sku", String(32), ForeignKey("products.sku")),
    Column("category_en", String(60)),
    Column("percent_bp", Integer),
    Column("amount_minor", BigInteger),
    Column("bundle", JsonOrNull),
    Column("take", Integer),
    Column("pay", Integer),
    Column("needs_coupon", Boolean, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("valid_from", UtcTime, nullable=False),
    Column("valid_to", UtcTime),
    CheckConstraint("kind IN ('percent', 'amount', 'n_for_m', 'bundle')", name="kind_known"),
    CheckConstraint("kind <> 'percent' OR percent_bp BETWEEN 1 AND 10000", name="percent"),
    CheckConstraint("kind <> 'amount' OR amount_minor > 0", name="amount"),
    CheckConstraint("kind <> 'bundle' OR (amount_minor > 0 AND bundle IS NOT NULL)", name="bundle"),
    CheckConstraint("kind <> 'n_for_m' OR (pay > 0 AND pay < take)", name="n_for_m"),
)

coupons = Table(
    "coupons",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),
    Column("promotion_id", Id, ForeignKey("promotions.id"), nullable=False, index=True),
    Column("uses", Integer, nullable=False),  # paid, or held by an open checkout
    Column("uses_max", Integer, nullable=False),
    Column("per_shopper_max", Integer, nullable=False),
    CheckConstraint("uses >= 0 AND uses <= uses_max", name="uses_within_max"),
    CheckConstraint("per_shopper_max > 0", name="per_shopper"),
)

cart_coupons = Table(  # a cart has one coupon at most
    "cart_coupons",
    metadata,
    Column("cart_id", Id, ForeignKey("carts.id"), primary_key=True),
    Column("coupon_id", Id, ForeignKey("coupons.id"), nullable=False),
)
