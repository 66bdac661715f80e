"""The one place that begins, retries and commits."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from backend.errors import Refusal

Transaction = Connection
Result = TypeVar("Result")

TRIES_MAX = 5
BUSY_TIMEOUT_MS = 5_000
RETRY_PAUSE_S = 0.02
KEYS_SCHEMA = "keys"
POSTGRES_RETRIED = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, lock timeout


class Run(Protocol):
    def __call__(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work` in one transaction and commits; it may run twice, so it touches nothing but its argument.

        Raises Refusal("database_busy") when the locks did not come free.
        """
        ...


class Runner:
    """`run` for writers and `read` for readers over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, work: Callable[[Transaction], Result]) -> Result:
        for attempt in range(1, TRIES_MAX + 1):
            try:
                with self.engine.connect() as connection:
                    if connection.dialect.name == "sqlite":
                        connection.exec_driver_sql("BEGIN IMMEDIATE")
                    result = work(connection)
                    connection.commit()
                    return result
            except DBAPIError as problem:
                if not worth_repeating(problem):
                    raise
                if attempt == TRIES_MAX:
                    raise Refusal("database_busy", retry_after_s=1) from problem
                time.sleep(RETRY_PAUSE_S * attempt * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries, no secret
        raise AssertionError("unreachable")

    def read(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work` on a consistent snapshot and commits nothing."""
        with self.engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:  # each statement would see another moment
                connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                return work(connection)
            finally:
                connection.rollback()


def worth_repeating(problem: DBAPIError) -> bool:
    original = problem.orig
    if isinstance(problem, OperationalError) and isinstance(original, sqlite3.OperationalError):
        return "locked" in str(original) or "busy" in str(original)
    return getattr(original, "sqlstate", None) in POSTGRES_RETRIED


def engine_for(url: str, *, pool_size: int = 16, schema: str = "public") -> Engine:
    """An engine; SQLite connections wait, keep a write-ahead log, check foreign keys, erase what they delete.

    schema: where PostgreSQL looks for tables; SQLite has none.
    """
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=4,
            hide_parameters=True,  # logins, hashes and sealed messages stay out of logs
            connect_args={"check_same_thread": False},
        )
        event.listen(engine, "connect", prepare_sqlite)
        return engine
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    options = f"-c timezone=utc -c lock_timeout=3000 -c statement_timeout=30000 -c search_path={schema}"
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=4,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": options},
    )


def keys_engine_for(url: str, *, pool_size: int = 4) -> Engine:
    """An engine for the store of wrapped per-shopper keys: its own SQLite file, or a schema of its own."""
    return engine_for(url, pool_size=pool_size, schema=KEYS_SCHEMA)


def prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",  # before journal_mode, which may itself have to wait
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
