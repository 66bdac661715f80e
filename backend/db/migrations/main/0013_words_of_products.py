"""The words that products are found by; the worker fills them in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

WORD = sa.String(40).with_variant(sa.String(40, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "product_words",
        sa.Column("word", WORD, nullable=False),
        sa.Column("sku", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["sku"], ["products.sku"], name=op.f("fk_product_words_sku")),
        sa.PrimaryKeyConstraint("word", "sku", name=op.f("pk_product_words")),
    )
    op.create_index("ix_product_words_sku", "product_words", ["sku"])
    op.create_table(
        "word_gaps",
        sa.Column("gap", WORD, nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.PrimaryKeyConstraint("gap", "word", name=op.f("pk_word_gaps")),
    )


def downgrade() -> None:
    op.drop_table("word_gaps")
    op.drop_table("product_words")
