"""Promotions, coupons with limits that hold in the database, and what uses them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_promotions()
    create_coupons()
    create_coupon_uses()


def downgrade() -> None:
    for table in ("coupon_uses", "cart_coupons", "coupons", "promotions"):
        op.drop_table(table)


def create_promotions() -> None:
    op.create_table(
        "promotions",
        sa.Column("id", ID, nullable=False),
        sa.Column("store_id", ID),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name_en", sa.String(80), nullable=False),
        sa.Column("name_ar", sa.String(80), nullable=False),
        sa.Column("sku", sa.String(32)),
        sa.Column("category_en", sa.String(60)),
        sa.Column("percent_bp", sa.Integer),
        sa.Column("amount_minor", sa.BigInteger),
        sa.Column("bundle", sa.JSON().with_variant(postgresql.JSONB(), "postgresql")),
        sa.Column("take", sa.Integer),
        sa.Column("pay", sa.Integer),
        sa.Column("needs_coupon", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("valid_from", TIME, nullable=False),
        sa.Column("valid_to", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_promotions_store_id")),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_promotions_sku")),
        sa.CheckConstraint(
            "kind IN ('percent', 'amount', 'n_for_m', 'bundle')", name=op.f("ck_promotions_kind_known")
        ),
        sa.CheckConstraint(
            "kind <> 'percent' OR percent_bp BETWEEN 1 AND 10000", name=op.f("ck_promotions_percent")
        ),
        sa.CheckConstraint("kind <> 'amount' OR amount_minor > 0", name=op.f("ck_promotions_amount")),
        sa.CheckConstraint(
            "kind <> 'bundle' OR (amount_minor > 0 AND bundle IS NOT NULL)", name=op.f("ck_promotions_bundle")
        ),
        sa.CheckConstraint(
            "kind <> 'n_for_m' OR (pay > 0 AND pay < take)", name=op.f("ck_promotions_n_for_m")
        ),
    )


def create_coupons() -> None:
    op.create_table(
        "coupons",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("promotion_id", ID, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("uses_max", sa.Integer, nullable=False),
        sa.Column("per_shopper_max", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("code", name=op.f("uq_coupons_code")),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.id"], name=op.f("fk_coupons_promotion_id")),
        sa.CheckConstraint("uses >= 0 AND uses <= uses_max", name=op.f("ck_coupons_uses_within_max")),
        sa.CheckConstraint("per_shopper_max > 0", name=op.f("ck_coupons_per_shopper")),
    )
    op.create_index(op.f("ix_coupons_promotion_id"), "coupons", ["promotion_id"])
    op.create_table(
        "cart_coupons",
        sa.Column("cart_id", ID, nullable=False),
        sa.Column("coupon_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("cart_id", name=op.f("pk_cart_coupons")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_cart_coupons_cart_id")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name=op.f("fk_cart_coupons_coupon_id")),
    )


def create_coupon_uses() -> None:
    op.create_table(
        "coupon_uses",
        sa.Column("checkout_id", ID, nullable=False),
        sa.Column("coupon_id", ID, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("per_shopper_max", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("checkout_id", name=op.f("pk_coupon_uses")),
        sa.UniqueConstraint(
            "coupon_id", "shopper_id", "n", name=op.f("uq_coupon_uses_coupon_id_shopper_id_n")
        ),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name=op.f("fk_coupon_uses_checkout_id")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name=op.f("fk_coupon_uses_coupon_id")),
        sa.ForeignKeyConstraint(["shopper_id"], ["shoppers.id"], name=op.f("fk_coupon_uses_shopper_id")),
        sa.CheckConstraint("n >= 1 AND n <= per_shopper_max", name=op.f("ck_coupon_uses_n_within_max")),
    )
