"""Many rows in one statement whose text does not depend on how many.

SQLAlchemy's own insert of many rows is compiled anew for every number of them; here the rows are one JSON parameter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Dialect, Table, delete, select, tuple_

from backend.db.transaction import Transaction

New = tuple[Table, Sequence[Mapping[str, Any]]]  # all rows of a table name the same columns
DROPPED_MAX = 1_000  # at once: whoever waits to write waits no longer than for these


def insert_rows(tx: Transaction, *new: New) -> None:
    """Into all tables by one statement on PostgreSQL, by one for each table on SQLite."""
    shapes = tuple((table, tuple(rows[0])) for table, rows in new if rows)
    filled = [rows for _, rows in new if rows]
    if not shapes:
        return
    if tx.dialect.name == "postgresql":
        values = {f"rows_{n}": json.dumps(rows, default=str) for n, rows in enumerate(filled)}
        tx.exec_driver_sql(_postgresql(shapes, tx.dialect), values)
        return
    for (table, names), rows in zip(shapes, filled, strict=True):
        statement, stored = _sqlite(table, names, tx.dialect)
        tx.exec_driver_sql(statement, (json.dumps([[f(row[n]) for n, f in stored] for row in rows]),))


def drop_some(tx: Transaction, table: Table, condition: ColumnElement[bool]) -> int:
    """Delete up to DROPPED_MAX rows; how many."""
    key = table.primary_key.columns
    some = select(*key).where(condition).limit(DROPPED_MAX)
    return tx.execute(delete(table).where(tuple_(*key).in_(some))).rowcount


@lru_cache
def _postgresql(shapes: tuple[tuple[Table, tuple[str, ...]], ...], dialect: Dialect) -> str:
    """Data-modifying CTEs: foreign keys between the new rows are looked at when all are there."""
    inserts = []
    for n, (table, names) in enumerate(shapes):
        typed = ", ".join(f"{name} {table.c[name].type.compile(dialect)}" for name in names)
        listed = ", ".join(names)
        inserts.append(
            f"INSERT INTO {table.name} ({listed}) "  # noqa: S608 - names of ours
            f"SELECT {listed} FROM jsonb_to_recordset(%(rows_{n})s::jsonb) AS given ({typed})"
        )
    *first, last = inserts
    named = ", ".join(f"inserted_{n} AS ({insert})" for n, insert in enumerate(first))
    return f"WITH {named} {last}" if named else last


@lru_cache
def _sqlite(
    table: Table, names: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[tuple[str, Callable[[Any], Any]]]]:
    """The statement, and per column how a value is stored."""
    cells = ", ".join(f"json_extract(value, '$[{n}]')" for n in range(len(names)))
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {cells} FROM json_each(?)"  # noqa: S608 - names of ours
    return statement, [(name, _stored(table.c[name], dialect)) for name in names]


def _stored(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any]:
    process = column.type.dialect_impl(dialect).bind_processor(dialect)
    return process or (lambda value: value)
