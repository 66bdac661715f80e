"""Bring both databases to the schema of this version, or back.

Two histories of Alembic: `main` for everything, `keys` for the store of wrapped per-shopper keys (a SQLite
file of its own; on PostgreSQL the schema `keys`). Each runs in one transaction: whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from sqlalchemy import text

from backend.authorization.decisions import install_defaults
from backend.db import version
from backend.db.transaction import KEYS_SCHEMA, Runner, Transaction, engine_for, keys_engine_for

if TYPE_CHECKING:
    from alembic.config import Config

LOCK_TIMEOUT_S = 5  # a migration waits this long for a table, then gives way to the shop and is run again
ONE_AT_A_TIME = (
    7_265_001  # PostgreSQL advisory lock: two machines that start together migrate one after the other
)

# Named, not imported: a comparison with a database needs every table, without being a user of the rooms.
TABLES = (
    "backend.db.audit",
    "backend.db.events",
    "backend.db.idempotency",
    "backend.db.outbox",
    "backend.authorization.tables",
    "backend.carts.tables",
    "backend.checkout.tables",
    "backend.faces.tables",
    "backend.identity.tables",
    "backend.inventory.tables",
    "backend.ledger.tables",
    "backend.messages.tables",
    "backend.orders.tables",
    "backend.sales.tables",
)


@dataclass(frozen=True, slots=True)
class Version:
    history: str  # "main" or "keys"
    current: str | None  # None: nothing there yet
    newest: str


def upgrade(main_url: str, keys_url: str, *, to: str = "head", keys_to: str = "head") -> None:
    """Raises Refusal("database_busy") when a lock did not come free in time; running it again is safe."""
    from alembic import command  # here: a start that finds the newest schema does without Alembic

    _run("keys", keys_url, lambda config: command.upgrade(config, keys_to))
    _run("main", main_url, lambda config: command.upgrade(config, to))
    if to == "head":
        with _runner("main", main_url) as run:
            run(install_defaults)


def downgrade(main_url: str, keys_url: str, *, to: str = "base", keys_to: str = "base") -> None:
    from alembic import command

    _run("main", main_url, lambda config: command.downgrade(config, to))
    _run("keys", keys_url, lambda config: command.downgrade(config, keys_to))


def versions(main_url: str, keys_url: str) -> list[Version]:
    """What is there and what there should be; changes nothing."""
    found = []
    for history, url in (("main", main_url), ("keys", keys_url)):
        with _runner(history, url) as run:
            found.append(Version(history, run.read(version.current), version.newest(history)))
    return found


def load_tables() -> None:
    """Every table stands in the metadata afterwards."""
    for module in TABLES:
        import_module(module)


def _run(history: str, url: str, step: Callable[[Config], None]) -> None:
    def migrate(tx: Transaction) -> None:
        if tx.dialect.name == "postgresql":
            tx.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
            tx.execute(text("SET LOCAL statement_timeout = 0"))  # filling a large table takes its time
            tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": ONE_AT_A_TIME})
            if history == "keys":
                tx.execute(text(f"CREATE SCHEMA IF NOT EXISTS {KEYS_SCHEMA}"))
        config = _config(history)
        config.attributes["connection"] = tx
        step(config)

    with _runner(history, url) as run:
        run(migrate)


@contextmanager
def _runner(history: str, url: str) -> Iterator[Runner]:
    engine = (keys_engine_for if history == "keys" else engine_for)(url, pool_size=1)
    try:
        yield Runner(engine)
    finally:
        engine.dispose()


def _config(history: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "newline")  # a folder's name may hold a colon or a space
    config.set_main_option("script_location", str(version.MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", str(version.MIGRATIONS / history).replace("%", "%%"))
    return config
