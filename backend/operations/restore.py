"""Put back what a backup holds: all of it or nothing, and only into a shop that holds nothing.

Done twice it changes nothing the second time; killed in the middle, it is begun again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from sqlalchemy import (
    JSON,
    ColumnClause,
    MetaData,
    Table,
    column,
    delete,
    func,
    insert,
    inspect,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from backend.db import version
from backend.db.transaction import Runner, Transaction, engine_for, keys_engine_for
from backend.operations import migrate
from backend.operations.backup import DECLARED, back_up, rows_of
from backend.operations.backup_file import (
    BackupRefused,
    Contents,
    Manifest,
    opened,
    sha256_of,
    turns,
    write_rows,
)
from backend.operations.init import alone, make_folders, write_whole
from backend.settings import Settings

INSTALLED = "policies"  # its first rows come with the schema; nobody has to have written anything


def restore(settings: Settings, path: Path, *, keys_path: Path | None = None) -> Manifest:
    """Raises BackupRefused, before anything is written, for a damaged file and for a shop that holds something.

    A backup of an older schema is put back at that schema and then migrated.
    """
    migrate.load_tables()
    with ExitStack() as files:
        main = files.enter_context(opened(path, "main"))
        keys = files.enter_context(opened(keys_path, "keys")) if keys_path else None
        make_folders(settings)
        due = [part for part in (keys, main) if part and not done_before(settings, part[1])]
        if keys:
            put_back_files(settings, *keys)
        for part in due:
            put_back_tables(settings, *part)
    migrate.upgrade(settings.main_url, settings.keys_url)
    return main[1]


def move(settings: Settings, url: str, *, now: datetime) -> Manifest:
    """Into another, empty database; the one moved from stays as it is."""
    with TemporaryDirectory(dir=settings.data, prefix=".move-") as folder:
        path, keys_path = Path(folder, "main"), Path(folder, "keys")
        back_up(settings, path, keys_path=keys_path, now=now)
        return restore(replace(settings, database_url=url), path, keys_path=keys_path)


def put_back_files(settings: Settings, archive: ZipFile, manifest: Manifest) -> None:
    with alone(settings.keys_folder):
        kept = {path.name: sha256_of(path.read_bytes()) for path in settings.keys_folder.iterdir()}
        others = [name for name, sha256 in manifest.files.items() if kept.get(name, sha256) != sha256]
        if others:
            raise BackupRefused(
                f"{settings.keys_folder} has other keys: {', '.join(others)}; restore into a fresh data folder"
            )
        for name in manifest.files.keys() - kept.keys():
            assert Path(name).name == name, name
            write_whole(settings.keys_folder / name, archive.read(name))


def done_before(settings: Settings, manifest: Manifest) -> bool:
    """Raises BackupRefused if the database holds anything else."""

    def look(tx: Transaction) -> bool:
        held = filled(tx, DECLARED[manifest.history])
        if not held:
            return False
        if version.current(tx) == manifest.schema and contents(tx, manifest) == manifest.tables:
            return True
        raise BackupRefused(f"the database is not empty: {', '.join(held)}")

    with opened_database(settings, manifest) as run:
        return run.read(look)


def put_back_tables(settings: Settings, archive: ZipFile, manifest: Manifest) -> None:
    to = {history: version.newest(history) for history in DECLARED} | {manifest.history: manifest.schema}
    for go in (migrate.upgrade, migrate.downgrade):
        go(settings.main_url, settings.keys_url, to=to["main"], keys_to=to["keys"])
    with opened_database(settings, manifest) as run:
        run(lambda tx: fill(tx, archive, manifest))


@contextmanager
def opened_database(settings: Settings, manifest: Manifest) -> Iterator[Runner]:
    main = manifest.history == "main"
    engine = engine_for(settings.main_url) if main else keys_engine_for(settings.keys_url)
    try:
        yield Runner(engine)
    finally:
        engine.dispose()


def filled(tx: Transaction, declared: MetaData) -> list[str]:
    there = inspect(tx).get_table_names()
    return [
        name
        for name in declared.tables
        if name in there
        and name != INSTALLED
        and tx.execute(select(literal(1)).select_from(table(name)).limit(1)).first()
    ]


def contents(tx: Transaction, manifest: Manifest) -> dict[str, Contents]:
    """What a backup of this database would say now."""
    declared = DECLARED[manifest.history].tables
    return {
        name: write_rows(rows_of(tx, [declared[name].c[one] for one in said.columns]), said.columns)
        for name, said in manifest.tables.items()
    }


def fill(tx: Transaction, archive: ZipFile, manifest: Manifest) -> None:
    if version.current(tx) != manifest.schema or filled(tx, DECLARED[manifest.history]):
        raise BackupRefused("somebody else writes to the database")
    with without_triggers(tx):
        for one in DECLARED[manifest.history].sorted_tables:
            if one.name in manifest.tables:
                tx.execute(delete(one))
                names = manifest.tables[one.name].columns
                target = table(one.name, *(plain(one, name) for name in names))
                for rows in turns(archive, one, names):
                    tx.execute(insert(target), rows)
                continue_numbers(tx, one, names)
    if contents(tx, manifest) != manifest.tables:
        raise BackupRefused("the database did not keep what was written")


def plain(of: Table, name: str) -> ColumnClause[Any]:
    """The column without its default, and without JSON's own null where the database's is meant."""
    declared = of.c[name]
    if not isinstance(declared.type, JSON):
        return column(name, declared.type)
    null = bool(declared.nullable)
    return column(name, JSON(none_as_null=null).with_variant(JSONB(none_as_null=null), "postgresql"))


def continue_numbers(tx: Transaction, filled: Table, names: Sequence[str]) -> None:
    """What the database counts itself goes on after the last number; SQLite sees to that alone."""
    counted = filled.autoincrement_column
    if counted is not None and counted.name in names and tx.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(filled.name, counted.name)
        tx.execute(select(func.setval(sequence, func.max(counted))).having(func.count() > 0))


@contextmanager
def without_triggers(tx: Transaction) -> Iterator[None]:
    """What they did when the rows were first written stands in the backup."""
    if tx.dialect.name == "postgresql":
        with_triggers = (
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
        )
        names = tx.execute(text(with_triggers)).scalars().all()
        off = [f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in names]
        on = [f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in names]
    else:
        rows = tx.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        off = [f"DROP TRIGGER {row.name}" for row in rows]
        on = [row.sql for row in rows]
    for statement in off:
        tx.exec_driver_sql(statement)
    yield
    for statement in on:
        tx.exec_driver_sql(statement)
