"""Vouchers for cash, and the daily closing of a till into the safe."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.db.migrations.changes import change_check

revision = "0009"
down_revision = "0008"

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)
KINDS = "'wallet', 'cash', 'sales', 'vat', 'card', 'voucher', 'suspense', 'difference'"
KNOWN = (f"kind IN ({KINDS})", f"kind IN ({KINDS}, 'safe')")


def upgrade() -> None:
    change_check("accounts", "kind_known", old=KNOWN[0], new=KNOWN[1])
    op.create_table(
        "vouchers",
        sa.Column("id", ID, nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("value_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("uses_max", sa.Integer, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("posting_id", ID, nullable=False),
        sa.Column("issued_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.CheckConstraint("value_minor > 0", name=op.f("ck_vouchers_positive")),
        sa.CheckConstraint("uses >= 0 AND uses <= uses_max", name=op.f("ck_vouchers_uses_within_limit")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_vouchers_store_id")),
        sa.ForeignKeyConstraint(["posting_id"], ["postings.id"], name=op.f("fk_vouchers_posting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouchers")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_vouchers_code_sha256")),
        sa.UniqueConstraint("posting_id", name=op.f("uq_vouchers_posting_id")),
    )
    op.create_table(
        "voucher_uses",
        sa.Column("voucher_id", ID, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("shopper_id", ID, nullable=False),
        sa.Column("posting_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("n >= 1", name=op.f("ck_voucher_uses_counted")),
        sa.ForeignKeyConstraint(["voucher_id"], ["vouchers.id"], name=op.f("fk_voucher_uses_voucher_id")),
        sa.ForeignKeyConstraint(["posting_id"], ["postings.id"], name=op.f("fk_voucher_uses_posting_id")),
        sa.PrimaryKeyConstraint("voucher_id", "n", name=op.f("pk_voucher_uses")),
        sa.UniqueConstraint("posting_id", name=op.f("uq_voucher_uses_posting_id")),
        sa.UniqueConstraint("voucher_id", "shopper_id", name=op.f("uq_voucher_uses_voucher_id_shopper_id")),
    )
    op.create_table(
        "closings",
        sa.Column("id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("expected_minor", sa.BigInteger, nullable=False),
        sa.Column("counted_minor", sa.BigInteger, nullable=False),
        sa.Column("posting_id", ID),
        sa.Column("staff_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("counted_minor >= 0", name=op.f("ck_closings_counted")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_closings_store_id")),
        sa.ForeignKeyConstraint(["posting_id"], ["postings.id"], name=op.f("fk_closings_posting_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closings")),
        sa.UniqueConstraint("posting_id", name=op.f("uq_closings_posting_id")),
        sa.UniqueConstraint("store_id", "day", name=op.f("uq_closings_store_id_day")),
    )


def downgrade() -> None:
    op.drop_table("closings")
    op.drop_table("voucher_uses")
    op.drop_table("vouchers")
    op.execute(  # what is in the books stays there, and the version before then refuses its kind
        "DELETE FROM accounts WHERE kind IN ('voucher', 'safe', 'difference') "
        "AND id NOT IN (SELECT account_id FROM entries)"
    )
    change_check("accounts", "kind_known", old=KNOWN[1], new=KNOWN[0])
