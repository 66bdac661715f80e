"""What the gateway will not give back to a card is made good, in the wallet or by hand; it may say so late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.db.migrations.changes import change_check

revision = "0016"
down_revision = "0015"

POSTED = (
    "kind IN ('topup', 'payment', 'refund', 'issue', 'redeem', 'payout', 'closing', 'capture')",
    "kind IN ('topup', 'payment', 'refund', 'make_good', 'issue', 'redeem', 'payout', 'closing', 'capture')",
)
STATES = (
    "state IN ('pending', 'done', 'failed')",
    "state IN ('pending', 'done', 'failed', 'wallet', 'by_hand')",
)


def upgrade() -> None:
    change_check("postings", "kind_known", old=POSTED[0], new=POSTED[1])
    change_check("refunds", "state_known", old=STATES[0], new=STATES[1])
    op.add_column("gateway_events", sa.Column("refund", sa.String(500)))


def downgrade() -> None:
    op.drop_column("gateway_events", "refund")
    change_check("refunds", "state_known", old=STATES[1], new=STATES[0])
    change_check("postings", "kind_known", old=POSTED[1], new=POSTED[0])
