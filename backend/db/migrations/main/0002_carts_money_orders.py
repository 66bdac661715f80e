"""From the cart to the handed-over order: carts, checkouts, ledger, orders, faces, inboxes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("owner", ID, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("balance_minor", sa.BigInteger()),
        sa.CheckConstraint(
            "(kind = 'wallet') = (balance_minor IS NOT NULL)", name=op.f("ck_accounts_balance_with_floor")
        ),
        sa.CheckConstraint("kind IN ('wallet', 'cash', 'sales', 'vat')", name=op.f("ck_accounts_kind_known")),
        sa.CheckConstraint("balance_minor >= 0", name=op.f("ck_accounts_floor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("kind", "owner", "currency", name=op.f("uq_accounts_kind_owner_currency")),
    )
    op.create_table(
        "carts",
        sa.Column("id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('open', 'frozen', 'expired')", name=op.f("ck_carts_state_known")),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_carts_shopper_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_carts_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
    )
    op.create_index(
        "uq_carts_open",
        "carts",
        ["shopper_id", "store_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "face_attempts",
        sa.Column("id", ID, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("checkout_id", ID),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("probability_pct", sa.Integer()),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_face_attempts_shopper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_face_attempts")),
    )
    op.create_index(op.f("ix_face_attempts_shopper_id"), "face_attempts", ["shopper_id"], unique=False)
    op.create_table(
        "postings",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("kind IN ('topup', 'payment', 'refund')", name=op.f("ck_postings_kind_known")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_postings_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postings")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq_postings_kind_reference")),
    )
    op.create_table(
        "templates",
        sa.Column("id", ID, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_templates_shopper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
    )
    op.create_index(op.f("ix_templates_shopper_id"), "templates", ["shopper_id"], unique=False)
    op.create_table(
        "cart_lines",
        sa.Column("id", ID, nullable=False),
        sa.Column("cart_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("vat_rate_bp", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0 AND unit_price_minor > 0", name=op.f("ck_cart_lines_positive")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_cart_lines_cart_id")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_cart_lines_sku")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cart_lines")),
        sa.UniqueConstraint("cart_id", "sku", name=op.f("uq_cart_lines_cart_id_sku")),
    )
    op.create_table(
        "checkouts",
        sa.Column("id", ID, nullable=False),
        sa.Column("cart_id", ID, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("device_id", sa.String(length=43), nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("store_code", sa.String(length=4), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("cart_hash", sa.String(length=64), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("decision", JSON),
        sa.Column("grant_jti", sa.String(length=64)),
        sa.Column("grant_state", sa.String(length=10)),
        sa.Column("grant_expires_at", TIME),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("cart_expires_at", TIME, nullable=False),
        sa.CheckConstraint(
            "grant_state IN ('issued', 'used', 'void')", name=op.f("ck_checkouts_grant_state_known")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'paid', 'cancelled', 'expired')", name=op.f("ck_checkouts_state_known")
        ),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_checkouts_positive")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_checkouts_cart_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_checkouts_device_id")),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_checkouts_shopper_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_checkouts_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
        sa.UniqueConstraint("grant_jti", name=op.f("uq_checkouts_grant_jti")),
    )
    op.create_index(op.f("ix_checkouts_shopper_id"), "checkouts", ["shopper_id"], unique=False)
    op.create_index(
        "uq_checkouts_open",
        "checkouts",
        ["cart_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'paid')"),
        postgresql_where=sa.text("state IN ('open', 'paid')"),
    )
    op.create_table(
        "entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("posting_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_entries_not_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_entries_account_id")),
        sa.ForeignKeyConstraint(["posting_id"], ["postings.id"], name=op.f("fk_entries_posting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
    )
    op.create_index("ix_entries_account", "entries", ["account_id", "id"], unique=False)
    op.create_index(op.f("ix_entries_posting_id"), "entries", ["posting_id"], unique=False)
    op.create_table(
        "inbox_messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("device_id", sa.String(length=43), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("sealed", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("pushed_at", TIME),
        sa.Column("read_at", TIME),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_inbox_messages_device_id")),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_inbox_messages_shopper_id")),
        sa.PrimaryKeyConstraint("id", "device_id", name=op.f("pk_inbox_messages")),
        sa.UniqueConstraint("device_id", "position", name=op.f("uq_inbox_messages_device_id_position")),
    )
    op.create_index(
        "ix_inbox_messages_shopper_kind_pushed", "inbox_messages", ["shopper_id", "kind", "pushed_at"]
    )
    op.create_table(
        "scans",
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("scan_id", sa.String(length=64), nullable=False),
        sa.Column("cart_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_scans_cart_id")),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_scans_shopper_id")),
        sa.PrimaryKeyConstraint("shopper_id", "scan_id", name=op.f("pk_scans")),
    )
    op.create_table(
        "challenges",
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("checkout_id", ID, nullable=False),
        sa.Column("device_id", sa.String(length=43), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name=op.f("fk_challenges_checkout_id")),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_challenges")),
    )
    op.create_index(op.f("ix_challenges_checkout_id"), "challenges", ["checkout_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("receipt_number", sa.BigInteger(), nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("checkout_id", ID, nullable=False),
        sa.Column("posting_id", ID, nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("packer_id", ID),
        sa.Column("pickup_code_hash", sa.String(length=64)),
        sa.Column("pickup_tries", sa.Integer(), nullable=False),
        sa.Column("placed_at", TIME, nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.CheckConstraint(
            "state IN ('paid', 'accepted', 'packing', 'ready', 'handed_over', 'mismatch', 'cancelled')",
            name=op.f("ck_orders_state_known"),
        ),
        sa.CheckConstraint("pickup_tries >= 0 AND pickup_tries <= 5", name=op.f("ck_orders_pickup_tries")),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_orders_positive")),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name=op.f("fk_orders_checkout_id")),
        sa.ForeignKeyConstraint(["packer_id"], ["staff.id"], name=op.f("fk_orders_packer_id")),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_orders_shopper_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_orders_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("checkout_id", name=op.f("uq_orders_checkout_id")),
        sa.UniqueConstraint("posting_id", name=op.f("uq_orders_posting_id")),
        sa.UniqueConstraint("store_id", "receipt_number", name=op.f("uq_orders_store_id_receipt_number")),
    )
    op.create_index(op.f("ix_orders_shopper_id"), "orders", ["shopper_id"], unique=False)
    op.create_index("ix_orders_store_placed", "orders", ["store_id", "placed_at"], unique=False)
    op.create_index("ix_orders_store_state", "orders", ["store_id", "state", "placed_at"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("name_ar", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("packed", sa.Integer(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("vat_rate_bp", sa.Integer(), nullable=False),
        sa.Column("vat_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("gross_minor = quantity * unit_price_minor", name=op.f("ck_order_lines_gross")),
        sa.CheckConstraint(
            "quantity > 0 AND packed >= 0 AND packed <= quantity",
            name=op.f("ck_order_lines_packed_within_quantity"),
        ),
        sa.CheckConstraint("vat_minor >= 0 AND vat_minor <= gross_minor", name=op.f("ck_order_lines_vat")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
    )
    op.create_index(op.f("ix_order_lines_order_id"), "order_lines", ["order_id"], unique=False)
    op.create_table(
        "order_steps",
        sa.Column("order_id", ID, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("staff_id", ID),
        sa.Column("note", sa.String(length=200)),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_steps_order_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_order_steps_staff_id")),
        sa.PrimaryKeyConstraint("order_id", "state", name=op.f("pk_order_steps")),
    )
    op.create_table(
        "refunds",
        sa.Column("id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("posting_id", ID, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("order_id", "reason", name=op.f("uq_refunds_order_id_reason")),
    )


def downgrade() -> None:
    for table in (
        "refunds",
        "order_steps",
        "order_lines",
        "orders",
        "challenges",
        "scans",
        "inbox_messages",
        "entries",
        "checkouts",
        "cart_lines",
        "templates",
        "postings",
        "face_attempts",
        "carts",
        "accounts",
    ):
        op.drop_table(table)
