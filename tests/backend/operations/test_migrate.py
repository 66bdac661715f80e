"""Migrations: what they build is what the rooms declare, and they walk both ways with rows inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, insert, inspect, text
from sqlalchemy.exc import DBAPIError

from backend.clock import SystemClock, SystemIds
from backend.db.schema import keys_metadata, metadata
from backend.db.transaction import Runner, engine_for, keys_engine_for
from backend.inventory.tables import stores
from backend.ledger.tables import accounts, entries, postings
from backend.operations import migrate
from backend.settings import Settings

IDS = SystemIds()
HISTORIES = [(metadata, "main"), (keys_metadata, "keys")]
ROOMS = Path(migrate.__file__).parents[1]


@pytest.fixture
def empty(settings: Settings) -> Settings:
    migrate.downgrade(settings.main_url, settings.keys_url)
    return settings


def test_every_file_of_tables_takes_part() -> None:
    files = {f"backend.{path.parent.name}.tables" for path in ROOMS.glob("*/tables.py")}
    assert files <= set(migrate.TABLES)


@pytest.mark.parametrize(("known", "history"), HISTORIES)
def test_the_migrated_schema_is_the_declared_one(settings: Settings, known: MetaData, history: str) -> None:
    migrate.load_tables()
    with engine_of(settings, history) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": same_type})
        assert compare_metadata(context, known) == []


@pytest.mark.parametrize(("known", "history"), HISTORIES)
def test_constraints_and_indexes_are_the_declared_ones(
    settings: Settings, known: MetaData, history: str
) -> None:
    migrate.load_tables()
    with engine_of(settings, history) as engine:
        migrated = definitions(engine)
        migrate.downgrade(settings.main_url, settings.keys_url)
        known.create_all(engine)
        assert migrated == definitions(engine)


def test_up_down_up_with_rows_inside(empty: Settings) -> None:
    with engine_of(empty, "main") as engine:
        for _ in range(2):
            migrate.upgrade(empty.main_url, empty.keys_url)
            Runner(engine)(a_balanced_posting)
            migrate.downgrade(empty.main_url, empty.keys_url)
            assert inspect(engine).get_table_names() == ["alembic_version"]


def test_a_second_upgrade_changes_nothing(run: Runner, settings: Settings) -> None:
    run(a_balanced_posting)
    migrate.upgrade(settings.main_url, settings.keys_url)
    assert len(run.read(lambda tx: tx.execute(entries.select()).all())) == 2


def test_versions_tell_an_empty_database_from_a_migrated_one(empty: Settings) -> None:
    assert [v.current for v in migrate.versions(empty.main_url, empty.keys_url)] == [None, None]
    migrate.upgrade(empty.main_url, empty.keys_url)
    assert all(v.current == v.newest for v in migrate.versions(empty.main_url, empty.keys_url))


@pytest.mark.parametrize("table", ["entries", "postings"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_money_that_was_written_stays_written(run: Runner, table: str, change: str) -> None:
    run(a_balanced_posting)
    with pytest.raises(DBAPIError, match="only ever added"):
        run(lambda tx: tx.execute(text(change.format(table))))


def test_postgresql_commits_no_posting_that_does_not_sum_to_zero(postgresql_url: str) -> None:
    with (
        engine_of(Settings(database_url=postgresql_url), "main") as engine,
        pytest.raises(DBAPIError, match="do not sum to zero"),
    ):
        Runner(engine)(lambda tx: a_balanced_posting(tx, lost_minor=1))


def a_balanced_posting(tx: Connection, *, lost_minor: int = 0) -> None:
    now = SystemClock().now()
    store, cash, sales, posting = (IDS.uuid7() for _ in range(4))
    tx.execute(
        insert(stores).values(
            id=store, code=IDS.digits(4), name_en="R", name_ar="ر", currency="SAR", timezone="Asia/Riyadh"
        )
    )
    for account, kind in ((cash, "cash"), (sales, "sales")):
        tx.execute(insert(accounts).values(id=account, kind=kind, owner=store, currency="SAR"))
    tx.execute(
        insert(postings).values(
            id=posting, kind="payment", reference=posting, store_id=store, actor="staff:1", at=now
        )
    )
    for account, amount in ((cash, 100), (sales, -100 + lost_minor)):
        tx.execute(
            insert(entries).values(
                id=IDS.uuid7(), posting_id=posting, account_id=account, amount_minor=amount, currency="SAR"
            )
        )


def same_type(_context: Any, _reflected: Any, _column: Any, reflected: Any, declared: Any) -> bool | None:
    """SQLite stores a UUID as CHAR(32) and says so; all other differences are judged by Alembic."""
    is_uuid_as_text = str(reflected) == "CHAR(32)" and declared.__visit_name__ in ("uuid", "UUID")
    return False if is_uuid_as_text else None


def definitions(engine: Engine) -> set[str]:
    """Every table, constraint and index in the database's own words, whatever the order of their parts."""
    statements = (
        ["SELECT sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"]
        if engine.dialect.name == "sqlite"
        else [
            "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype <> 't'",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()",
        ]
    )
    with engine.connect() as connection:
        found = [row[0] for statement in statements for row in connection.execute(text(statement))]
    return {words(sql) for sql in found if "alembic_version" not in sql}


def words(sql: str) -> str:
    """Sorted: a column added later stands last, a table that was renamed is quoted."""
    return " ".join(sorted(re.findall(r"[^\s,()\"]+|[()]", sql)))


@contextmanager
def engine_of(settings: Settings, history: str) -> Iterator[Engine]:
    engine = engine_for(settings.main_url) if history == "main" else keys_engine_for(settings.keys_url)
    yield engine
    engine.dispose()
