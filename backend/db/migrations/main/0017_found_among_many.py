"""What is looked for at each scan, checkout and look of the worker is found by an index, also among millions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

OPEN, PENDING = sa.text("state = 'open'"), sa.text("state = 'pending'")


def upgrade() -> None:
    op.create_index("ix_carts_shopper_expires", "carts", ["shopper_id", "expires_at"])
    op.create_index(
        "ix_checkouts_open", "checkouts", ["expires_at"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("ix_refunds_at", "refunds", ["at"])
    op.create_index("ix_refunds_pending", "refunds", ["id"], sqlite_where=PENDING, postgresql_where=PENDING)


def downgrade() -> None:
    op.drop_index("ix_refunds_pending", "refunds")
    op.drop_index("ix_refunds_at", "refunds")
    op.drop_index("ix_checkouts_open", "checkouts")
    op.drop_index("ix_carts_shopper_expires", "carts")
