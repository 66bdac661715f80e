"""The sum of a shelf's movements comes from an index alone; an hour that clocks repeat ends after one hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

NAME, TABLE = "ix_stock_movements_store_sku", "stock_movements"
# Where clocks go back, the first of the two equal hours was kept as two hours long. Its orders were counted right.
ONE_HOUR = """
    UPDATE sales_hours SET ends_at = (
        SELECT min(later.begins_at) FROM sales_hours later
        WHERE later.store_id = sales_hours.store_id AND later.begins_at > sales_hours.begins_at
    ) WHERE ends_at > (
        SELECT min(later.begins_at) FROM sales_hours later
        WHERE later.store_id = sales_hours.store_id AND later.begins_at > sales_hours.begins_at
    )
"""


def upgrade() -> None:
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["store_id", "sku", "delta"])
    op.execute(sa.text(ONE_HOUR))


def downgrade() -> None:
    op.drop_index(NAME, TABLE)
    op.create_index(NAME, TABLE, ["store_id", "sku"])
