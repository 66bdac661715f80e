"""Rules of the tables that the database itself would not refuse to break."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import CheckConstraint, Integer, Numeric, Table

from backend.db.schema import NAMES, keys_metadata, metadata
from tests.architecture.house import tracked


def test_no_column_holds_a_fraction():
    """Amounts are whole minor units, rates whole basis points."""
    columns = [column for table in tables() for column in table.c]
    assert [str(column) for column in columns if isinstance(column.type, Numeric)] == []


def test_amounts_are_integers():
    amounts = [column for table in tables() for column in table.c if column.name.endswith(("_minor", "_bp"))]
    assert amounts
    assert [str(column) for column in amounts if not isinstance(column.type, Integer)] == []


def test_every_constraint_has_a_name():
    """Checks are named where they are written, all others by the convention of the metadata."""
    checks = [c for table in tables() for c in table.constraints if isinstance(c, CheckConstraint)]
    assert checks
    assert [f"{check.table.name}: {check.sqltext}" for check in checks if not check.name] == []
    assert metadata.naming_convention == keys_metadata.naming_convention == NAMES


def tables() -> list[Table]:
    for path in tracked():
        if path.parts[0] == "backend" and path.name == "tables.py":
            import_module(".".join(path.with_suffix("").parts))
    return [*metadata.sorted_tables, *keys_metadata.sorted_tables]
