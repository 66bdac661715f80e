"""Who buys and who works here, what can be bought, and what every room leans on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("hash", sa.String(length=64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
        sa.UniqueConstraint("position", name=op.f("uq_audit_entries_position")),
    )
    op.create_table(
        "device_proofs",
        sa.Column("device_id", sa.String(length=43), nullable=False),
        sa.Column("jti", sa.String(length=64), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("device_id", "jti", name=op.f("pk_device_proofs")),
    )
    op.create_index(op.f("ix_device_proofs_expires_at"), "device_proofs", ["expires_at"], unique=False)
    op.create_table(
        "idempotency_records",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("route", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("status", sa.Integer()),
        sa.Column("body", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotency_records")),
    )
    op.create_index(
        op.f("ix_idempotency_records_created_at"), "idempotency_records", ["created_at"], unique=False
    )
    op.create_table(
        "locks",
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("locked_until", TIME),
        sa.CheckConstraint("slots >= 0 AND level >= 0 AND level <= 4", name=op.f("ck_locks_bounded")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_locks")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("shopper_id", ID),
        sa.Column("device_id", sa.String(length=64)),
        sa.Column("store_id", ID),
        sa.Column("event_id", sa.BigInteger()),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("done_at", TIME),
        sa.Column("last_error", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("store_id", "event_id", name=op.f("uq_outbox_store_id_event_id")),
    )
    op.create_index(
        "ix_outbox_undone",
        "outbox",
        ["available_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "policies",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", JSON, nullable=False),
        sa.Column("valid_from", TIME, nullable=False),
        sa.PrimaryKeyConstraint("channel", "version", name=op.f("pk_policies")),
    )
    op.create_table(
        "products",
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("name_ar", sa.String(length=120), nullable=False),
        sa.Column("category_en", sa.String(length=60), nullable=False),
        sa.Column("category_ar", sa.String(length=60), nullable=False),
        sa.Column("vat_rate_bp", sa.Integer(), nullable=False),
        sa.Column("picture", sa.String(length=120)),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("vat_rate_bp >= 0 AND vat_rate_bp <= 10000", name=op.f("ck_products_vat_rate")),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_products")),
        sa.UniqueConstraint("gtin", name=op.f("uq_products_gtin")),
    )
    op.create_index(op.f("ix_products_category_en"), "products", ["category_en"], unique=False)
    op.create_table(
        "shoppers",
        sa.Column("id", ID, nullable=False),
        sa.Column("login", sa.String(length=64)),
        sa.Column("display_name", sa.String(length=80)),
        sa.Column("password_hash", sa.String(length=200)),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("registered_at", TIME),
        sa.CheckConstraint("language IN ('en', 'ar')", name=op.f("ck_shoppers_language_known")),
        sa.CheckConstraint(
            "(login IS NULL) = (password_hash IS NULL)", name=op.f("ck_shoppers_login_with_password")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shoppers")),
        sa.UniqueConstraint("login", name=op.f("uq_shoppers_login")),
    )
    op.create_table(
        "staff",
        sa.Column("id", ID, nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint(
            "role IN ('cashier', 'packer', 'manager', 'administrator')", name=op.f("ck_staff_role_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("login", name=op.f("uq_staff_login")),
    )
    op.create_table(
        "stores",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(length=4), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("name_ar", sa.String(length=80), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("timezone", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
        sa.UniqueConstraint("code", name=op.f("uq_stores_code")),
    )
    op.create_table(
        "consents",
        sa.Column("id", ID, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("text_sha256", sa.String(length=64), nullable=False),
        sa.Column("given_at", TIME, nullable=False),
        sa.Column("withdrawn_at", TIME),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_consents_shopper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(
        "uq_consents_standing",
        "consents",
        ["shopper_id", "kind"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=43), nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("jwk_enc", JSON, nullable=False),
        sa.Column("jwk_sig", JSON, nullable=False),
        sa.Column("push_token", sa.String(length=200)),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_devices_shopper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("push_token", name=op.f("uq_devices_push_token")),
    )
    op.create_index(op.f("ix_devices_shopper_id"), "devices", ["shopper_id"], unique=False)
    op.create_table(
        "pins",
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=False),
        sa.Column("pepper_version", sa.Integer(), nullable=False),
        sa.Column("set_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_pins_shopper_id")),
        sa.PrimaryKeyConstraint("shopper_id", name=op.f("pk_pins")),
    )
    op.create_table(
        "prices",
        sa.Column("store_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("valid_from", TIME, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_prices_positive")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_prices_sku")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_prices_store_id")),
        sa.PrimaryKeyConstraint("store_id", "sku", "valid_from", name=op.f("pk_prices")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("csrf", name=op.f("uq_staff_sessions_csrf")),
    )
    op.create_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"], unique=False)
    op.create_table(
        "staff_stores",
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_stores_staff_id")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_staff_stores_store_id")),
        sa.PrimaryKeyConstraint("staff_id", "store_id", name=op.f("pk_staff_stores")),
    )
    op.create_table(
        "stock",
        sa.Column("store_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "reserved >= 0 AND reserved <= on_hand", name=op.f("ck_stock_reserved_within_on_hand")
        ),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_stock_sku")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_stock_store_id")),
        sa.PrimaryKeyConstraint("store_id", "sku", name=op.f("pk_stock")),
    )
    op.create_table(
        "store_counters",
        sa.Column("store_id", ID, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("receipts", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("events >= 0 AND receipts >= 0", name=op.f("ck_store_counters_not_negative")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_store_counters_store_id")),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_store_counters")),
    )
    op.create_table(
        "reservations",
        sa.Column("line_id", ID, nullable=False),
        sa.Column("cart_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('live', 'sold', 'released')", name=op.f("ck_reservations_state_known")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservations_positive")),
        sa.ForeignKeyConstraint(
            ["store_id", "sku"], ["stock.store_id", "stock.sku"], name=op.f("fk_reservations_store_id_sku")
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_reservations")),
    )
    op.create_index(op.f("ix_reservations_cart_id"), "reservations", ["cart_id"], unique=False)
    op.create_index(
        "ix_reservations_live",
        "reservations",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_index(
        "ix_reservations_store_sku_state",
        "reservations",
        ["store_id", "sku", "state", "expires_at"],
        unique=False,
    )
    op.create_table(
        "sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("device_id", sa.String(length=43), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("rotated_at", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_sessions_device_id")),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_sessions_shopper_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_device_id"), "sessions", ["device_id"], unique=False)
    op.create_index(op.f("ix_sessions_shopper_id"), "sessions", ["shopper_id"], unique=False)
    op.create_table(
        "stock_movements",
        sa.Column("id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("sku", sa.String(length=32), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint(
            "reason IN ('received', 'sold', 'returned', 'counted')",
            name=op.f("ck_stock_movements_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["store_id", "sku"], ["stock.store_id", "stock.sku"], name=op.f("fk_stock_movements_store_id_sku")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
    )
    op.create_index("ix_stock_movements_store_sku", "stock_movements", ["store_id", "sku"], unique=False)


def downgrade() -> None:
    for table in (
        "stock_movements",
        "sessions",
        "reservations",
        "store_counters",
        "stock",
        "staff_stores",
        "staff_sessions",
        "prices",
        "pins",
        "devices",
        "consents",
        "stores",
        "staff",
        "shoppers",
        "products",
        "policies",
        "outbox",
        "locks",
        "idempotency_records",
        "device_proofs",
        "audit_entries",
    ):
        op.drop_table(table)
