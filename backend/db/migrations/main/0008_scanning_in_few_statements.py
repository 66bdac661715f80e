"""A scan says which line its piece went to; on SQLite the piece gets there by that.

A server of the version before sets no line, so the trigger does not do again what that server does itself.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("scans", sa.Column("line_id", sa.Uuid(as_uuid=False)))
    op.add_column("scans", sa.Column("unit_price_minor", sa.BigInteger))
    op.add_column("scans", sa.Column("vat_rate_bp", sa.Integer))
    op.add_column("scans", sa.Column("held_until", sa.DateTime(timezone=True)))
    if op.get_context().dialect.name == "sqlite":  # which changes one table in a statement
        op.execute(
            """
            CREATE TRIGGER scans_put AFTER INSERT ON scans WHEN NEW.line_id IS NOT NULL
            BEGIN
                UPDATE carts SET expires_at = NEW.held_until WHERE id = NEW.cart_id;
                INSERT INTO cart_lines (id, cart_id, sku, quantity, unit_price_minor, vat_rate_bp)
                VALUES (NEW.line_id, NEW.cart_id, NEW.sku, 1, NEW.unit_price_minor, NEW.vat_rate_bp)
                ON CONFLICT (id) DO UPDATE SET quantity = quantity + 1;
                INSERT INTO reservations (line_id, cart_id, store_id, sku, quantity, state, expires_at)
                SELECT NEW.line_id, id, store_id, NEW.sku, 1, 'live', NEW.held_until
                FROM carts WHERE id = NEW.cart_id
                ON CONFLICT (line_id) DO UPDATE SET quantity = quantity + 1;
                UPDATE reservations SET expires_at = NEW.held_until
                WHERE cart_id = NEW.cart_id AND state = 'live';
            END
            """
        )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER scans_put")
    for column in ("held_until", "vat_rate_bp", "unit_price_minor", "line_id"):
        op.drop_column("scans", column)
