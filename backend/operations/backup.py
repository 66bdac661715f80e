"""Write down what a shop holds, at one moment, while it goes on serving."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import Column, MetaData, String, Table, inspect, select, text

from backend.db import version
from backend.db.schema import keys_metadata, metadata
from backend.db.transaction import Runner, Transaction, engine_for, keys_engine_for
from backend.operations.backup_file import (
    MANIFEST,
    ROWS_A_TURN,
    BackupRefused,
    Contents,
    Manifest,
    member,
    sha256_of,
    write_rows,
)
from backend.operations.init import whole_file
from backend.operations.migrate import load_tables
from backend.settings import Settings

DECLARED: dict[str, MetaData] = {"main": metadata, "keys": keys_metadata}  # by history of migrations
SPEED_NOT_SIZE = 1  # zlib's quickest: rows are mostly random ids, which no level makes much smaller


def back_up(settings: Settings, path: Path, *, now: datetime, keys_path: Path | None = None) -> Manifest:
    """Everything but keys into `path`; the keys too, if they are given a file of their own.

    The keys come last: a key is written before what it seals, so what is sealed in the first file finds its key in
    the second, unless it was erased in between.
    """
    load_tables()
    manifest = write(settings, "main", path, now=now)
    if keys_path:
        write(settings, "keys", keys_path, now=now)
    return manifest


def write(settings: Settings, history: str, path: Path, *, now: datetime) -> Manifest:
    with (
        whole_file(path) as out,
        ZipFile(out, "w", ZIP_DEFLATED, compresslevel=SPEED_NOT_SIZE) as archive,
        snapshot(settings, history) as run,
    ):
        schema, tables = run.read(lambda tx: write_tables(tx, history, archive))
        files = write_keys(settings, archive) if history == "keys" else {}
        manifest = Manifest(history, schema, now.isoformat(), tables, files)
        archive.writestr(MANIFEST, json.dumps(manifest.to_json(), indent=1))
    return manifest


def write_tables(tx: Transaction, history: str, archive: ZipFile) -> tuple[str, dict[str, Contents]]:
    schema = version.current(tx)
    if schema is None or schema > version.newest(history):
        raise BackupRefused(f"{history} has schema {schema}; this version knows {version.newest(history)}")
    tables: dict[str, Contents] = {}
    for table, columns in stored(tx, DECLARED[history]):
        with archive.open(member(table.name), "w", force_zip64=True) as out:
            tables[table.name] = write_rows(rows_of(tx, columns), [c.name for c in columns], out)
    return schema, tables


def write_keys(settings: Settings, archive: ZipFile) -> dict[str, str]:
    digests = {}
    for path in sorted(settings.keys_folder.iterdir()):
        content = path.read_bytes()
        archive.writestr(path.name, content)
        digests[path.name] = sha256_of(content)
    return digests


def stored(tx: Transaction, declared: MetaData) -> Iterator[tuple[Table, list[Column[Any]]]]:
    """What this database has of the declared tables and columns: one that waits for its migration has fewer."""
    found = inspect(tx)
    there = set(found.get_table_names())
    for table in declared.sorted_tables:
        if table.name in there:
            names = {column["name"] for column in found.get_columns(table.name)}
            yield table, [column for column in table.columns if column.name in names]


def rows_of(tx: Transaction, columns: Sequence[Column[Any]]) -> Iterator[Sequence[object]]:
    """All rows of one table, by primary key (all columns, where an older schema has another key), in portions."""
    if tx.dialect.name == "postgresql":
        tx.execute(text("SET LOCAL statement_timeout = 0"))  # ordering a large table takes its time
    key = list(columns[0].table.primary_key)
    order = [in_bytes(tx, column) for column in (key if set(key) <= set(columns) else columns)]
    yield from tx.execute(select(*columns).order_by(*order).execution_options(yield_per=ROWS_A_TURN))


def in_bytes(tx: Transaction, column: Column[Any]) -> Any:
    """SQLite orders text by its bytes; PostgreSQL by the rules of some language, unless it is told."""
    told = isinstance(column.type, String) and tx.dialect.name == "postgresql"
    return column.collate("C") if told else column


@contextmanager
def snapshot(settings: Settings, history: str) -> Iterator[Runner]:
    """A runner whose reads may take long without harm to those who write."""
    url = settings.main_url if history == "main" else settings.keys_url
    with TemporaryDirectory(dir=settings.data, prefix=".backup-") as folder:
        if url.startswith("sqlite"):
            url = copied(url, Path(folder))
        engine = (engine_for if history == "main" else keys_engine_for)(url, pool_size=1)
        try:
            yield Runner(engine)
        finally:
            engine.dispose()


def copied(url: str, folder: Path) -> str:
    """SQLite cannot shorten its write-ahead log while a reader stands, so a quick copy is what is read."""
    copy = folder / "copy.sqlite"
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    return f"sqlite:///{copy}"
