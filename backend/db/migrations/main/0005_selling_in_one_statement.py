"""A sale names itself on its reservations; on SQLite the goods leave the shelf with that. Longer idempotency keys.

A server of the version before sets no reference, so the trigger does not do again what that server does itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.db.migrations.changes import widen_text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("reservations", sa.Column("reference", sa.String(64)))
    widen_text("idempotency_records", "key", old=128, new=255)
    if op.get_context().dialect.name == "sqlite":  # which changes one table in a statement
        op.execute(
            """
            CREATE TRIGGER reservations_sold AFTER UPDATE OF state ON reservations
            WHEN OLD.state = 'live' AND NEW.state = 'sold' AND NEW.reference IS NOT NULL
            BEGIN
                UPDATE stock SET on_hand = on_hand - NEW.quantity, reserved = reserved - NEW.quantity
                WHERE store_id = NEW.store_id AND sku = NEW.sku;
                INSERT INTO stock_movements (id, store_id, sku, delta, reason, reference, at)
                VALUES (NEW.line_id, NEW.store_id, NEW.sku, -NEW.quantity, 'sold', NEW.reference, NEW.expires_at);
            END
            """
        )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER reservations_sold")
    op.execute("DELETE FROM idempotency_records WHERE length(key) > 128")
    widen_text("idempotency_records", "key", old=255, new=128)
    op.drop_column("reservations", "reference")
