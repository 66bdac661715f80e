"""The ledger of one store, page by page."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"

INDEX = "ix_postings_store_id_id"


def upgrade() -> None:
    op.create_index(INDEX, "postings", ["store_id", "id"])


def downgrade() -> None:
    op.drop_index(INDEX, "postings")
