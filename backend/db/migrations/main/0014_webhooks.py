"""Endpoints of integrators, and what is still to be delivered to each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", ID, nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("kinds", JSON, nullable=False),
        sa.Column("store_id", ID),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", TIME),
        sa.Column("lease_until", TIME),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_webhook_endpoints_failures")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_webhook_endpoints_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "webhook_cursors",
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        of_endpoint("webhook_cursors"),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_webhook_cursors_store_id")),
        sa.PrimaryKeyConstraint("endpoint_id", "store_id", name=op.f("pk_webhook_cursors")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("outbox_id", ID, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(4), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_since", TIME, nullable=False),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("last_status", sa.Integer),
        sa.CheckConstraint(
            "state IN ('due', 'done', 'dead')", name=op.f("ck_webhook_deliveries_state_known")
        ),
        of_endpoint("webhook_deliveries"),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_webhook_deliveries_outbox_id")),
        sa.PrimaryKeyConstraint("endpoint_id", "outbox_id", name=op.f("pk_webhook_deliveries")),
    )
    due = sa.text("state = 'due'")
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["endpoint_id", "sequence"],
        sqlite_where=due,
        postgresql_where=due,
    )


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_cursors", "webhook_endpoints"):
        op.drop_table(table)


def of_endpoint(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["endpoint_id"], ["webhook_endpoints.id"], name=op.f(f"fk_{table}_endpoint_id")
    )
