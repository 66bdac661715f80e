"""Changes to a table that SQLite's ALTER TABLE cannot make, as its manual makes them.

https://www.sqlite.org/lang_altertable.html#otheralter: a constraint that rows already keep is changed in the schema's
text, where it stands; keys need a new table. Plain columns need neither: `op.add_column`, with NULL or a default.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op


def change_check(table: str, name: str, *, old: str, new: str) -> None:
    """Replace a CHECK constraint by one that admits all rows there are; name: as declared, without `ck_TABLE_`.

    No row is copied, so a table that others refer to, and a shop that is open, are as good as an empty one.
    """
    name = f"ck_{table}_{name}"
    if op.get_context().dialect.name == "sqlite":
        _change_text(table, f"CONSTRAINT {name} CHECK ({old})", f"CONSTRAINT {name} CHECK ({new})")
        return
    op.drop_constraint(op.f(name), table)
    op.create_check_constraint(op.f(name), table, new)


def widen_text(table: str, column: str, *, old: int, new: int) -> None:
    """Another greatest length of a text; all rows there are must fit."""
    if op.get_context().dialect.name == "sqlite":
        quoted = op.get_bind().dialect.identifier_preparer.quote(column)
        _change_text(table, f"{quoted} VARCHAR({old})", f"{quoted} VARCHAR({new})")
        return
    op.alter_column(table, column, type_=sa.String(new))


def rebuild_on_sqlite(table: str, *parts: sa.Column[Any] | sa.Constraint) -> None:
    """A new table of these columns and constraints with the old one's rows.

    Only for a table that none refers to. Its indexes and triggers are gone afterwards; columns that both have are kept.
    """
    connection = op.get_bind()
    kept = {column["name"] for column in sa.inspect(connection).get_columns(table)}
    new = op.create_table(f"{table}_new", *parts)
    names = ", ".join(column.name for column in new.columns if column.name in kept)
    op.execute(f"INSERT INTO {table}_new ({names}) SELECT {names} FROM {table}")  # noqa: S608 - names of ours
    op.drop_table(table)
    op.rename_table(f"{table}_new", table)


def _change_text(table: str, old: str, new: str) -> None:
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    try:
        changed = connection.execute(
            sa.text(
                "UPDATE sqlite_schema SET sql = replace(sql, :old, :new) "
                "WHERE type = 'table' AND name = :table AND instr(sql, :old) > 0"
            ),
            {"table": table, "old": old, "new": new},
        )
        assert changed.rowcount == 1, f"{table} does not say: {old}"
        op.execute(f"PRAGMA schema_version = {version + 1}")  # everyone reads it anew
    finally:
        op.execute("PRAGMA writable_schema = RESET")
