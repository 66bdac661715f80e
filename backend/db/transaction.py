"""The one place that begins, retries and commits."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from threading import Lock, get_ident
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from backend.errors import Refusal

Transaction = Connection
Result = TypeVar("Result")

TRIES_MAX = 3
BUSY_TIMEOUT_MS = 5_000
RETRY_PAUSE_S = 0.02
KEYS_SCHEMA = "keys"
POSTGRES_RETRIED = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, lock timeout
CONNECTION_LOST = "connection lost"


class Run(Protocol):
    def __call__(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work` in one transaction and commits; it may run twice, so it touches nothing but its argument.

        Raises Refusal("database_busy") when the locks did not come free.
        """
        ...


class Runner:
    """Over one engine: `run` for writers, `run.read` for readers, `run.look` and `run.single` for one statement."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.retries: Counter[str] = Counter()  # by what was in the way
        self._sqlite = engine.dialect.name == "sqlite"
        self._turn = Lock() if self._sqlite else nullcontext()  # waiting here is fair; for the file it is not
        self._writing: set[int] = set()  # threads

    def __call__(self, work: Callable[[Transaction], Result]) -> Result:
        return self._persist(lambda: self._write(work))

    def read(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work` on a consistent snapshot and commits nothing."""
        return self._persist(lambda: self._snapshot(work))

    @contextmanager
    def one_moment(self, readers: int) -> Iterator[list[Transaction]]:
        """So many readers of one consistent snapshot, each for a thread at a time; nothing is committed.

        Raises Refusal database_busy where writers left no moment to begin in.
        """
        with ExitStack() as opened:
            connections = [opened.enter_context(self.engine.connect()) for _ in range(readers)]
            self._persist(lambda: self._begin_together(connections))
            yield connections

    def _begin_together(self, readers: list[Transaction]) -> None:
        if self._sqlite:
            with self._turn, self.engine.connect() as writer:
                # Nobody commits between the first reader and the last, and only a first SELECT takes the snapshot.
                writer.exec_driver_sql("BEGIN IMMEDIATE")
                for reader in readers:
                    reader.rollback()
                    reader.exec_driver_sql("BEGIN")
                    reader.exec_driver_sql("SELECT 1 FROM sqlite_schema").all()
                writer.rollback()
            return
        for reader in readers:
            reader.rollback()
            reader.execution_options(isolation_level="REPEATABLE READ")
        first, *others = readers
        moment = first.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        for reader in others:
            reader.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{moment}'")

    def look(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work`, which is one reading statement, without a transaction around it."""
        return self._persist(lambda: self._alone(work))

    def single(self, work: Callable[[Transaction], Result]) -> Result:
        """Runs `work`, which is one writing statement, without BEGIN and COMMIT where that saves their round trips.

        Where the connection went it runs again, even if it took effect: only for what bears that.
        """
        return self._persist(lambda: self._write(work) if self._sqlite else self._alone(work))

    def _write(self, work: Callable[[Transaction], Result]) -> Result:
        thread = get_ident()
        if thread in self._writing:  # it would wait for itself
            raise RuntimeError("a transaction inside a transaction")
        self._writing.add(thread)
        try:
            with self._turn, self.engine.connect() as connection:
                return self._committed(work, connection)
        finally:
            self._writing.discard(thread)

    def _committed(self, work: Callable[[Transaction], Result], connection: Transaction) -> Result:
        if self._sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        result = work(connection)
        try:
            connection.commit()
        except DBAPIError as problem:
            if problem.connection_invalidated:
                raise OutcomeUnknown from problem
            raise
        return result

    def _snapshot(self, work: Callable[[Transaction], Result]) -> Result:
        with self.engine.connect() as connection:
            if self._sqlite:
                connection.exec_driver_sql("BEGIN")
            else:  # each statement would see another moment
                connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                return work(connection)
            finally:
                connection.rollback()

    def _alone(self, work: Callable[[Transaction], Result]) -> Result:
        with self.engine.connect() as connection:
            if not self._sqlite:  # which commits by itself where nobody said BEGIN
                connection.execution_options(isolation_level="AUTOCOMMIT")
            return work(connection)

    def _persist(self, attempt: Callable[[], Result]) -> Result:
        for number in range(1, TRIES_MAX + 1):
            try:
                return attempt()
            except DBAPIError as problem:
                obstacle = passing(problem)
                if obstacle is None:
                    raise
                if number == TRIES_MAX:
                    raise Refusal("database_busy", retry_after_s=1) from problem
                self.retries[obstacle] += 1
                time.sleep(RETRY_PAUSE_S * number * random.uniform(0.5, 1.5))  # noqa: S311 - spreads retries, no secret
        raise AssertionError("unreachable")


class OutcomeUnknown(Exception):
    """The connection went while COMMIT was on its way: only a repeat with the same key can tell."""


def passing(problem: DBAPIError) -> str | None:
    """What was in the way, if it may be gone at the next try; nothing was committed."""
    original = problem.orig
    if isinstance(original, sqlite3.OperationalError):
        return "locked" if "locked" in str(original) or "busy" in str(original) else None
    if problem.connection_invalidated:  # the pool then drops all its connections of that age
        return CONNECTION_LOST
    sqlstate: str | None = getattr(original, "sqlstate", None)
    return sqlstate if sqlstate in POSTGRES_RETRIED else None


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
        hide_parameters=True,
        connect_args={"options": options},
    )


def keys_engine_for(url: str, *, pool_size: int = 4) -> Engine:
    """An engine for the store of wrapped per-shopper keys: its own SQLite file, or a schema of its own."""
    return engine_for(url, pool_size=pool_size, schema=KEYS_SCHEMA)


def prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry | None) -> None:
    refuse_read_only(connection)
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",  # before journal_mode, which may itself have to wait
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def refuse_read_only(connection: Any) -> None:
    """SQLite would open such a file for reading, and the process could not write for as long as it lives, even after
    the disk can be written again."""
    _, _, path = connection.execute("PRAGMA database_list").fetchone()
    if path and not os.access(path, os.W_OK):
        raise sqlite3.OperationalError(f"{path} is read-only")
