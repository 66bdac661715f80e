from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from backend.settings import Settings
from tests.databases import Cluster
from tests.fixtures.dumps import load_postgresql, load_sqlite

NUMBERS = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def old_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An installation at schema 0003 that holds something in every table."""
    with nothing_yet(request, tmp_path / "old") as made:
        if made.database_url:
            load_postgresql(made.database_url)
        else:
            load_sqlite(made)
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """No keys, no schema; on PostgreSQL a database without a table."""
    with nothing_yet(request, tmp_path / "new") as made:
        yield made


@contextmanager
def nothing_yet(request: pytest.FixtureRequest, folder: Path) -> Iterator[Settings]:
    folder.mkdir(mode=0o700)
    if request.param == "sqlite":
        yield Settings(data=folder)
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    database = f"{folder.name}_{next(NUMBERS)}"
    yield Settings(data=folder, database_url=cluster.create(database))
    cluster.drop(database)
