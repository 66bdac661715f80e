"""Which pieces of which line a refund is for. Those that are there were whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.Uuid(as_uuid=False)


def upgrade() -> None:
    op.create_table(
        "refund_lines",
        sa.Column("refund_id", ID, nullable=False),
        sa.Column("line_id", ID, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("vat_minor", sa.BigInteger, nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_refund_lines_quantity")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_refund_lines_amount")),
        sa.CheckConstraint("vat_minor >= 0 AND vat_minor <= amount_minor", name=op.f("ck_refund_lines_vat")),
        sa.ForeignKeyConstraint(["refund_id"], ["refunds.id"], name=op.f("fk_refund_lines_refund_id")),
        sa.ForeignKeyConstraint(["line_id"], ["order_lines.id"], name=op.f("fk_refund_lines_line_id")),
        sa.PrimaryKeyConstraint("refund_id", "line_id", name=op.f("pk_refund_lines")),
    )
    op.create_index("ix_refund_lines_line_id", "refund_lines", ["line_id"])
    op.execute(
        "INSERT INTO refund_lines (refund_id, line_id, quantity, amount_minor, vat_minor) "
        "SELECT refunds.id, order_lines.id, quantity, gross_minor, order_lines.vat_minor "
        "FROM refunds JOIN order_lines ON order_lines.order_id = refunds.order_id"
    )


def downgrade() -> None:
    op.drop_table("refund_lines")
