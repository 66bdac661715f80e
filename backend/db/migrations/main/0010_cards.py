"""Card payments and what the gateway tells of them; every store gets its accounts for cards."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ACCOUNTS = uuid.UUID("5a1d3c1e-7f0b-5c4e-9c55-1f6d0e6f2a11")


def upgrade() -> None:
    op.create_table(
        "card_payments",
        sa.Column("checkout_id", ID, nullable=False),
        sa.Column("gateway", sa.String(12), nullable=False),
        sa.Column("gateway_ref", sa.String(255)),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("checkout_id", name=op.f("pk_card_payments")),
        sa.ForeignKeyConstraint(["checkout_id"], ["checkouts.id"], name=op.f("fk_card_payments_checkout_id")),
        sa.UniqueConstraint("gateway_ref", name=op.f("uq_card_payments_gateway_ref")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_card_payments_positive")),
        sa.CheckConstraint(
            "state IN ('pending', 'failed', 'cancelled', 'captured', 'returning', 'returned')",
            name=op.f("ck_card_payments_state_known"),
        ),
    )
    index_where(
        "ix_card_payments_undecided",
        "card_payments",
        "asked_at",
        "state IN ('pending', 'failed', 'returning')",
    )
    op.create_table(
        "gateway_events",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("type", sa.String(100), nullable=False),
        sa.Column("intent", JSON),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("available_at", TIME, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_events")),
        sa.CheckConstraint(
            "state IN ('due', 'applied', 'ignored', 'strange')", name=op.f("ck_gateway_events_state_known")
        ),
    )
    index_where("ix_gateway_events_due", "gateway_events", "available_at", "state = 'due'")
    open_accounts("card", "suspense")


def downgrade() -> None:
    op.execute(
        "DELETE FROM accounts WHERE kind IN ('card', 'suspense') "
        "AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.account_id = accounts.id)"
    )
    op.drop_table("gateway_events")
    op.drop_table("card_payments")


def index_where(name: str, table: str, column: str, condition: str) -> None:
    rows = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=rows, postgresql_where=rows)


def open_accounts(*kinds: str) -> None:
    """As `backend.ledger.accounts` derives their ids."""
    stores = sa.table("stores", sa.column("id", ID), sa.column("currency", sa.String))
    accounts = sa.table(
        "accounts", sa.column("id", ID), sa.column("kind"), sa.column("owner", ID), sa.column("currency")
    )
    rows = [
        {
            "id": str(uuid.uuid5(ACCOUNTS, f"{kind}/{store.id}/{store.currency}")),
            "kind": kind,
            "owner": store.id,
            "currency": store.currency,
        }
        for store in op.get_bind().execute(sa.select(stores.c.id, stores.c.currency))
        for kind in kinds
    ]
    if rows:
        op.bulk_insert(accounts, rows)
