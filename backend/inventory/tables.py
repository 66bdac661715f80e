"""What can be bought: stores, products, prices, stock and what holds it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
)

from backend.db.schema import Id, UtcTime, metadata

SKU = 32
WORD = String(40).with_variant(String(40, collation="C"), "postgresql")  # sorted by bytes, as SQLite does

stores = Table(
    "stores",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(4), nullable=False, unique=True),  # stands on labels, so it is short
    Column("name_en", String(80), nullable=False),
    Column("name_ar", String(80), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("timezone", String(40), nullable=False),
    Column("legal_name", String(127)),  # on receipts; a tag of the QR holds 127 bytes
    Column("vat_number", String(15)),
    Column("address_en", String(200)),
    Column("address_ar", String(200)),
    Column(
        "age_mode", String(8), nullable=False, server_default="check"
    ),  # who looks: staff, or nobody may buy
    CheckConstraint("age_mode IN ('check', 'refuse')", name="age_mode_known"),
)

products = Table(
    "products",
    metadata,
    Column("sku", String(SKU), primary_key=True),
    Column("gtin", String(14), nullable=False, unique=True),
    Column("name_en", String(120), nullable=False),
    Column("name_ar", String(120), nullable=False),
    Column("category_en", String(60), nullable=False, index=True),
    Column("category_ar", String(60), nullable=False),
    Column("vat_rate_bp", Integer, nullable=False),
    Column("picture", String(120)),
    Column("active", Boolean, nullable=False),
    Column("age_min", Integer),  # years
    Column("cart_max", Integer),  # pieces in a cart
    Column("day_max", Integer),  # pieces a shopper may pay for in 24 h
    CheckConstraint("age_min > 0 AND age_min < 100", name="age_min"),
    CheckConstraint("cart_max > 0", name="cart_max"),
    CheckConstraint("day_max > 0", name="day_max"),
    CheckConstraint("vat_rate_bp >= 0 AND vat_rate_bp <= 10000", name="vat_rate"),
)

prices = Table(
    "prices",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("sku", String(SKU), ForeignKey("products.sku"), primary_key=True),
    Column("valid_from", UtcTime, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),  # including VAT
    CheckConstraint("amount_minor > 0", name="positive"),
)

stock = Table(
    "stock",
    metadata,
    Column("store_id", Id, ForeignKey("stores.id"), primary_key=True),
    Column("sku", String(SKU), ForeignKey("products.sku"), primary_key=True),
    Column("on_hand", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved_within_on_hand"),
)

stock_movements = Table(
    "stock_movements",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store_id", Id, nullable=False),
    Column("sku", String(SKU), nullable=False),
    Column("delta", Integer, nullable=False),
    Column("reason", String(20), nullable=False),
    Column("reference", String(64), nullable=False),  # import, checkout, refund, …
    Column("at", UtcTime, nullable=False),
    ForeignKeyConstraint(["store_id", "sku"], ["stock.store_id", "stock.sku"]),
    CheckConstraint(
        "reason IN ('received', 'sold', 'returned', 'counted', 'written_off', 'moved_in', 'moved_out')",
        name="reason_known",
    ),
    Index("ix_stock_movements_store_sku", "store_id", "sku", "delta"),  # a sum needs no row
)

reservations = Table(
    "reservations",
    metadata,
    Column("line_id", Id, primary_key=True),  # one per cart line
    Column("cart_id", Id, nullable=False, index=True),
    Column("store_id", Id, nullable=False),
    Column("sku", String(SKU), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("expires_at", UtcTime, nullable=False),  # of what was sold: when
    Column("reference", String(64)),  # the checkout that it was sold to
    ForeignKeyConstraint(["store_id", "sku"], ["stock.store_id", "stock.sku"]),
    CheckConstraint("quantity > 0", name="positive"),
    CheckConstraint("state IN ('live', 'sold', 'released')", name="state_known"),
    Index("ix_reservations_store_sku_state", "store_id", "sku", "state", "expires_at"),
    Index(
        "ix_reservations_live",  # few rows, however many were sold: for the sweep
        "expires_at",
        sqlite_where=Column("state") == "live",
        postgresql_where=Column("state") == "live",
    ),
)

product_words = Table(  # what a product is found by: `inventory/search.py`
    "product_words",
    metadata,
    Column("word", WORD, primary_key=True),
    Column("sku", String(SKU), ForeignKey("products.sku"), primary_key=True, index=True),
)

word_gaps = Table(  # words with one letter left out, for those who mistype
    "word_gaps",
    metadata,
    Column("gap", WORD, primary_key=True),
    Column("word", WORD, primary_key=True),
)
