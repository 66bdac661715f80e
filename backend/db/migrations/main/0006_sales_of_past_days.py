"""What a store sold on the days that are over, counted once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sales_days",
        sa.Column("store_id", ID, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("begins_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("orders", sa.Integer, nullable=False),
        *amounts("gross_minor", "discount_minor", "vat_minor"),
        sa.Column("refunds", sa.Integer, nullable=False),
        *amounts("refunds_minor", "refunds_vat_minor"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_sales_days_store_id")),
        sa.PrimaryKeyConstraint("store_id", "day", name=op.f("pk_sales_days")),
    )
    op.create_table(
        "sales_hours",
        sa.Column("store_id", ID, nullable=False),
        sa.Column("begins_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("orders", sa.Integer, nullable=False),
        *amounts("gross_minor", "discount_minor"),
        of_day("sales_hours"),
        sa.PrimaryKeyConstraint("store_id", "begins_at", name=op.f("pk_sales_hours")),
    )
    op.create_table(
        "sales_products",
        sa.Column("store_id", ID, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("sku", sa.String(32), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=False),
        sa.Column("name_ar", sa.String(120), nullable=False),
        sa.Column("pieces", sa.Integer, nullable=False),
        *amounts("gross_minor", "vat_minor"),
        of_day("sales_products"),
        sa.PrimaryKeyConstraint("store_id", "day", "sku", name=op.f("pk_sales_products")),
    )


def downgrade() -> None:
    for table in ("sales_products", "sales_hours", "sales_days"):
        op.drop_table(table)


def amounts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def of_day(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id", "day"], ["sales_days.store_id", "sales_days.day"], name=op.f(f"fk_{table}_store_id_day")
    )
