"""Room for discounts, cards and vouchers, refunds by line, restrictions and receipts.

Whatever is new is NULL or has a default, and no rule becomes narrower: a server of the version before goes on selling.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from backend.db.migrations.changes import change_check, rebuild_on_sqlite

revision = "0004"
down_revision = "0003"

ID = sa.Uuid(as_uuid=False)
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

CHECKS = (  # table, name, as it was, as it is
    (
        "accounts",
        "kind_known",
        "kind IN ('wallet', 'cash', 'sales', 'vat')",
        "kind IN ('wallet', 'cash', 'sales', 'vat', 'card', 'voucher', 'suspense', 'difference')",
    ),
    (
        "checkouts",
        "state_known",
        "state IN ('open', 'paid', 'cancelled', 'expired')",
        "state IN ('open', 'paying', 'paid', 'cancelled', 'expired')",
    ),
    (
        "order_lines",
        "vat",
        "vat_minor >= 0 AND vat_minor <= gross_minor",
        "vat_minor >= 0 AND vat_minor <= gross_minor - discount_minor",
    ),
    (
        "postings",
        "kind_known",
        "kind IN ('topup', 'payment', 'refund')",
        "kind IN ('topup', 'payment', 'refund', 'issue', 'redeem', 'payout', 'closing', 'capture')",
    ),
    (
        "stock_movements",
        "reason_known",
        "reason IN ('received', 'sold', 'returned', 'counted')",
        "reason IN ('received', 'sold', 'returned', 'counted', 'written_off', 'moved_in', 'moved_out')",
    ),
)


def upgrade() -> None:
    for table, column in added():
        op.add_column(table, column)
    for table, name, old, new in CHECKS:
        change_check(table, name, old=old, new=new)
    free_refunds()
    number_order_steps()
    index_checkouts("open", "paying", "paid")
    index_orders("store_id", "placed_at", "id")
    fill_refunds()


def downgrade() -> None:
    index_orders("store_id", "placed_at")
    index_checkouts("open", "paid")
    key_order_steps()
    bind_refunds()
    for table, name, old, new in CHECKS:
        change_check(table, name, old=new, new=old)
    for table, column in reversed(list(added())):
        op.drop_column(table, column.name)


def added() -> Iterator[tuple[str, sa.Column[Any]]]:
    def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
        return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))

    def amount(table: str, name: str, rule: str, condition: str) -> tuple[str, sa.Column[Any]]:
        kind = sa.Integer if name == "refunded" else sa.BigInteger
        return table, sa.Column(name, kind, check(table, rule, condition), nullable=False, server_default="0")

    def one_of(table: str, name: str, length: int, *values: str) -> tuple[str, sa.Column[Any]]:
        known = check(table, f"{name}_known", f"{name} IN ({', '.join(map(repr, values))})")
        return table, sa.Column(name, sa.String(length), known, nullable=False, server_default=values[0])

    yield one_of("checkouts", "method", 8, "wallet", "card")
    yield "checkouts", sa.Column("discounts", JSON, nullable=False, server_default="[]")
    yield one_of("orders", "method", 8, "wallet", "card")
    yield amount("orders", "discount_minor", "discount", "discount_minor >= 0")
    yield amount(
        "orders",
        "refunded_minor",
        "refunded_within_total",
        "refunded_minor >= 0 AND refunded_minor <= total_minor",
    )
    yield "orders", sa.Column("claim_until", TIME)
    yield "orders", sa.Column("age_min", sa.Integer)
    yield amount(
        "order_lines",
        "discount_minor",
        "discount_within_gross",
        "discount_minor >= 0 AND discount_minor <= gross_minor",
    )
    yield amount(
        "order_lines", "refunded", "refunded_within_quantity", "refunded >= 0 AND refunded <= quantity"
    )
    yield amount(
        "order_lines",
        "refunded_minor",
        "refunded_within_paid",
        "refunded_minor >= 0 AND refunded_minor <= gross_minor - discount_minor",
    )
    yield amount(
        "order_lines",
        "refunded_vat_minor",
        "refunded_vat_within_vat",
        "refunded_vat_minor >= 0 AND refunded_vat_minor <= vat_minor",
    )
    yield amount("store_counters", "credit_notes", "credit_notes", "credit_notes >= 0")
    yield "stores", sa.Column("legal_name", sa.String(127))
    yield "stores", sa.Column("vat_number", sa.String(15))
    yield "stores", sa.Column("address_en", sa.String(200))
    yield "stores", sa.Column("address_ar", sa.String(200))
    yield one_of("stores", "age_mode", 8, "check", "refuse")
    for name, condition in (
        ("age_min", "age_min > 0 AND age_min < 100"),
        ("cart_max", "cart_max > 0"),
        ("day_max", "day_max > 0"),
    ):
        yield "products", sa.Column(name, sa.Integer, check("products", name, condition))


def index_checkouts(*states: str) -> None:
    """One cart has one checkout in these states."""
    condition = sa.text(f"state IN ({', '.join(map(repr, states))})")
    op.drop_index("uq_checkouts_open", "checkouts")
    op.create_index(
        "uq_checkouts_open",
        "checkouts",
        ["cart_id"],
        unique=True,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def index_orders(*columns: str) -> None:
    op.drop_index("ix_orders_store_placed", "orders")
    op.create_index("ix_orders_store_placed", "orders", list(columns))


def on_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def refund_parts() -> tuple[sa.Column[Any] | sa.Constraint, ...]:
    return (
        sa.Column("id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("posting_id", ID, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_positive")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_refunds_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )


def refunds_added() -> tuple[list[sa.Column[Any]], dict[str, str]]:
    columns: list[sa.Column[Any]] = [
        sa.Column("vat_minor", sa.BigInteger),
        sa.Column("store_id", ID),
        sa.Column("number", sa.BigInteger),
        sa.Column("method", sa.String(8), nullable=False, server_default="wallet"),
        sa.Column("state", sa.String(8), nullable=False, server_default="done"),
        sa.Column("goods", sa.String(10), nullable=False, server_default="restock"),
        sa.Column("actor", sa.String(64)),
    ]
    checks = {
        "vat": "vat_minor >= 0 AND vat_minor <= amount_minor",
        "method_known": "method IN ('wallet', 'card')",
        "state_known": "state IN ('pending', 'done', 'failed')",
        "goods_known": "goods IN ('restock', 'write_off', 'none')",
    }
    return columns, checks


def free_refunds() -> None:
    """An order may have many refunds for one reason: line by line."""
    columns, checks = refunds_added()
    if on_sqlite():
        constraints = [sa.CheckConstraint(rule, op.f(f"ck_refunds_{name}")) for name, rule in checks.items()]
        rebuild_on_sqlite("refunds", *refund_parts(), *columns, *constraints)
    else:
        op.drop_constraint(op.f("uq_refunds_order_id_reason"), "refunds")
        for column in columns:
            op.add_column("refunds", column)
        for name, rule in checks.items():
            op.create_check_constraint(op.f(f"ck_refunds_{name}"), "refunds", rule)
    op.create_index("ix_refunds_order_id", "refunds", ["order_id"])
    op.create_index("uq_refunds_store_number", "refunds", ["store_id", "number"], unique=True)


def bind_refunds() -> None:
    columns, _ = refunds_added()
    name, key = op.f("uq_refunds_order_id_reason"), ["order_id", "reason"]
    op.drop_index("uq_refunds_store_number", "refunds")
    op.drop_index("ix_refunds_order_id", "refunds")
    if on_sqlite():
        rebuild_on_sqlite("refunds", *refund_parts(), sa.UniqueConstraint(*key, name=name))
        return
    for column in columns:
        op.drop_column("refunds", column.name)  # with the checks that name it
    op.create_unique_constraint(name, "refunds", key)


def fill_refunds() -> None:
    """What today's code writes beside a refund, for those that are there: all were whole and restocked."""
    for statement in (
        "UPDATE refunds SET store_id = (SELECT store_id FROM orders WHERE orders.id = refunds.order_id), "
        "vat_minor = -(SELECT coalesce(sum(entries.amount_minor), 0) FROM entries JOIN accounts "
        "ON accounts.id = entries.account_id WHERE entries.posting_id = refunds.posting_id "
        "AND accounts.kind = 'vat'), "
        "actor = (SELECT actor FROM postings WHERE postings.id = refunds.posting_id)",
        "UPDATE refunds SET number = numbered.number FROM (SELECT id, row_number() OVER "
        "(PARTITION BY store_id ORDER BY at, id) AS number FROM refunds) AS numbered "
        "WHERE numbered.id = refunds.id",
        "UPDATE store_counters SET credit_notes = (SELECT count(*) FROM refunds "
        "WHERE refunds.store_id = store_counters.store_id)",
        "UPDATE orders SET refunded_minor = total_minor WHERE id IN (SELECT order_id FROM refunds)",
        "UPDATE order_lines SET refunded = quantity, refunded_minor = gross_minor, "
        "refunded_vat_minor = vat_minor WHERE order_id IN (SELECT order_id FROM refunds)",
    ):
        op.execute(statement)


def order_step_parts() -> tuple[sa.Column[Any] | sa.Constraint, ...]:
    return (
        sa.Column("order_id", ID, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("staff_id", ID),
        sa.Column("note", sa.String(200)),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_steps_order_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_order_steps_staff_id")),
    )


def number_order_steps() -> None:
    """An order may come to a state again: a packer gives it back."""
    number = sa.Column("id", NUMBER, sa.Identity(), nullable=False)
    act = sa.Column("act", sa.String(20))
    key = op.f("pk_order_steps")
    if on_sqlite():
        rebuild_on_sqlite(
            "order_steps", number, *order_step_parts(), act, sa.PrimaryKeyConstraint("id", name=key)
        )
    else:
        op.drop_constraint(key, "order_steps")
        op.add_column("order_steps", number)
        op.add_column("order_steps", act)
        op.create_primary_key(key, "order_steps", ["id"])
    op.create_index("ix_order_steps_order_id", "order_steps", ["order_id"])


def key_order_steps() -> None:
    """The first time that an order came to a state is what the version before knows."""
    op.execute(
        "DELETE FROM order_steps WHERE id NOT IN (SELECT min(id) FROM order_steps GROUP BY order_id, state)"
    )
    op.drop_index("ix_order_steps_order_id", "order_steps")
    key, columns = op.f("pk_order_steps"), ["order_id", "state"]
    if on_sqlite():
        rebuild_on_sqlite("order_steps", *order_step_parts(), sa.PrimaryKeyConstraint(*columns, name=key))
        return
    op.drop_constraint(key, "order_steps")
    op.drop_column("order_steps", "act")
    op.drop_column("order_steps", "id")
    op.create_primary_key(key, "order_steps", columns)
