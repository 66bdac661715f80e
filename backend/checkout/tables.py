"""Checkouts with their evidence, grant and payment.

Evidence and grant stand on the checkout's own row: they are bound to it by construction, and a payment locks one row
for all of them.
"""

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

from backend.db.schema import Id, Json, UtcTime, metadata

checkouts = Table(
    "checkouts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("cart_id", Id, ForeignKey("carts.id"), nullable=False),
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False, index=True),
    Column("device_id", String(43), ForeignKey("devices.id"), nullable=False),
    Column("store_id", Id, ForeignKey("stores.id"), nullable=False),
    Column("store_code", String(4), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("state", String(10), nullable=False),
    Column("lines", Json, nullable=False),  # frozen: what was agreed is what is charged
    Column("total_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("cart_hash", String(64), nullable=False),
    Column("evidence", Json, nullable=False),
    Column("decision", Json),  # policy, version, rule and inputs that granted it
    Column("grant_jti", String(64), unique=True),
    Column("grant_state", String(10)),
    Column("grant_expires_at", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("cart_expires_at", UtcTime, nullable=False),  # what the cart goes back to when this is cancelled
    Column("method", String(8), nullable=False, server_default="wallet"),  # what it is paid with
    Column("discounts", Json, nullable=False, server_default="[]"),
    CheckConstraint("state IN ('open', 'paying', 'paid', 'cancelled', 'expired')", name="state_known"),
    CheckConstraint("method IN ('wallet', 'card')", name="method_known"),
    CheckConstraint("grant_state IN ('issued', 'used', 'void')", name="grant_state_known"),
    CheckConstraint("total_minor > 0", name="positive"),
    Index(
        "uq_checkouts_open",
        "cart_id",
        unique=True,
        sqlite_where=Column("state").in_(["open", "paying", "paid"]),
        postgresql_where=Column("state").in_(["open", "paying", "paid"]),
    ),
    Index(
        "ix_checkouts_open",
        "expires_at",
        sqlite_where=Column("state") == "open",
        postgresql_where=Column("state") == "open",
    ),
)

coupon_uses = Table(  # of checkouts that are paid or may still be
    "coupon_uses",
    metadata,
    Column("checkout_id", Id, ForeignKey("checkouts.id"), primary_key=True),
    Column("coupon_id", Id, ForeignKey("coupons.id"), nullable=False),
    Column("shopper_id", Id, ForeignKey("shoppers.id"), nullable=False),
    Column("n", Integer, nullable=False),  # the shopper's first use of this coupon, her second, …
    Column("per_shopper_max", Integer, nullable=False),
    UniqueConstraint("coupon_id", "shopper_id", "n"),
    CheckConstraint("n >= 1 AND n <= per_shopper_max", name="n_within_max"),
)

challenges = Table(
    "challenges",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("checkout_id", Id, ForeignKey("checkouts.id"), nullable=False, index=True),
    Column("device_id", String(43), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id"), nullable=False),
    Column("posting_id", Id, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    # Those of schema 0003 and older say none of these: whole, into the wallet, goods back on the shelf.
    Column("vat_minor", BigInteger),
    Column("store_id", Id),
    Column("number", BigInteger),  # of the credit note: gapless per store
    Column("method", String(8), nullable=False, server_default="wallet"),
    Column("state", String(8), nullable=False, server_default="done"),  # a card's takes a while, and may fail
    Column("goods", String(10), nullable=False, server_default="restock"),
    Column("actor", String(64)),
    Index("ix_refunds_order_id", "order_id"),
    Index("ix_refunds_at", "at"),
    Index(
        "ix_refunds_pending",
        "id",
        sqlite_where=Column("state") == "pending",
        postgresql_where=Column("state") == "pending",
    ),
    Index("uq_refunds_store_number", "store_id", "number", unique=True),
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint("vat_minor >= 0 AND vat_minor <= amount_minor", name="vat"),
    CheckConstraint("method IN ('wallet', 'card')", name="method_known"),
    CheckConstraint(  # a failed one is made good in the wallet, or by hand where the gateway is at home
        "state IN ('pending', 'done', 'failed', 'wallet', 'by_hand')", name="state_known"
    ),
    CheckConstraint("goods IN ('restock', 'write_off', 'none')", name="goods_known"),
)

refund_lines = Table(
    "refund_lines",
    metadata,
    Column("refund_id", Id, ForeignKey("refunds.id"), primary_key=True),
    Column("line_id", Id, ForeignKey("order_lines.id"), primary_key=True, index=True),
    Column("quantity", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("vat_minor", BigInteger, nullable=False),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("amount_minor >= 0", name="amount"),
    CheckConstraint("vat_minor >= 0 AND vat_minor <= amount_minor", name="vat"),
)

card_payments = Table(  # one for a checkout that is paid by card
    "card_payments",
    metadata,
    Column("checkout_id", Id, ForeignKey("checkouts.id"), primary_key=True),
    Column("gateway", String(12), nullable=False),
    Column("gateway_ref", String(255), unique=True),  # NULL: its client secret was never given to anybody
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String(10), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("asked_at", UtcTime, nullable=False),  # when the gateway was last asked how it stands
    CheckConstraint("amount_minor > 0", name="positive"),
    CheckConstraint(
        # returning: captured without goods, on its way back
        "state IN ('pending', 'failed', 'cancelled', 'captured', 'returning', 'returned')",
        name="state_known",
    ),
    Index(
        "ix_card_payments_undecided",
        "asked_at",
        sqlite_where=Column("state").in_(["pending", "failed", "returning"]),
        postgresql_where=Column("state").in_(["pending", "failed", "returning"]),
    ),
)

gateway_events = Table(  # what the gateway told unasked: stored before it is believed
    "gateway_events",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("type", String(100), nullable=False),
    Column("intent", Json),  # of its object only what we use: nothing of a card or its holder
    Column("refund", String(500)),  # that failed, as its metadata names it, at whatever length
    Column("state", String(10), nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("available_at", UtcTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    CheckConstraint(
        # strange: of no payment of ours, or of another amount
        "state IN ('due', 'applied', 'ignored', 'strange')",
        name="state_known",
    ),
    Index(
        "ix_gateway_events_due",
        "available_at",
        sqlite_where=Column("state") == "due",
        postgresql_where=Column("state") == "due",
    ),
)
