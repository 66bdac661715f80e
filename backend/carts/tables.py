"""Carts, their lines, and the scans that made them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from backend.db.schema import Id, UtcTime, metadata

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
    Column("bundle_sku", String(32), nullable=False, server_default=""),  # the bundle that it came in
    UniqueConstraint("cart_id", "sku", "bundle_sku"),
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
