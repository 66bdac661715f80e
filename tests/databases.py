"""Fresh, migrated databases for tests.

`database_url` runs a test once on SQLite and once on PostgreSQL. `run` works on that database, `keys` on the
store of shoppers' keys that belongs to it, and `settings` names both. Each backend is migrated once a session
and a test gets a copy: a moment instead of seconds.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from backend.db.transaction import Runner, engine_for, keys_engine_for
from backend.operations import migrate
from backend.settings import Settings

START_S_MAX = 30
# Safe only because the cluster does not outlive the session.
QUICK_AND_FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
TEMPLATE = "migrated"


class Cluster:
    """A PostgreSQL server of our own: on a socket in a temporary folder, with no port that could be taken."""

    def __init__(self, folder: Path, options: Sequence[str] = QUICK_AND_FORGETFUL) -> None:
        self.folder = folder
        self.options = options
        self.numbers = count(1)
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Makes the cluster if there is none yet; after `crash` it recovers."""
        owner = unprivileged(self.folder)
        data = self.folder / "data"
        if not data.exists():
            subprocess.run(
                [binary("initdb"), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D", data],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=self.folder,
                **owner,
            )
        options = [word for option in self.options for word in ("-c", option)]
        with (self.folder / "log").open("ab") as log:
            self.server = subprocess.Popen(
                [binary("postgres"), "-D", data, "-k", self.folder, "-c", "listen_addresses=", *options],
                stderr=log,
                cwd=self.folder,
                **owner,
            )
        give_up_at = time.monotonic() + START_S_MAX
        while not self.answers():
            assert self.server.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < give_up_at, "PostgreSQL did not come up"
            time.sleep(0.02)

    def answers(self) -> bool:
        return subprocess.run([binary("pg_isready"), "-q", "-h", self.folder], check=False).returncode == 0

    def stop(self) -> None:
        self.end(signal.SIGINT)  # "fast": ends the sessions, does not wait for them

    def crash(self) -> None:
        self.end(signal.SIGQUIT)  # "immediate": nothing is written any more

    def end(self, number: signal.Signals) -> None:
        if self.server is not None:
            self.server.send_signal(number)
            self.server.wait(START_S_MAX)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def create(self, database: str, *, template: str = "template1") -> str:
        self.execute(f"CREATE DATABASE {database} TEMPLATE {template}")
        return self.url(database)

    def drop(self, database: str) -> None:
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")


def binary(name: str) -> str:
    """The newest installed version; Debian keeps the servers' programs out of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4]))
    found = str(versions[-1]) if versions else shutil.which(name)
    assert found, f"PostgreSQL's {name} is missing: ./scripts/test installs it"
    return found


def unprivileged(folder: Path) -> dict[str, Any]:
    """How to start PostgreSQL's programs, which refuse to run as root."""
    if os.geteuid() != 0:
        return {}
    folder.chmod(0o755)
    shutil.chown(folder, "postgres", "postgres")
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="smartpay-pg-"))  # not tmp_path: only its owner could enter that
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_template(cluster: Cluster) -> str:
    upgrade(Settings(database_url=cluster.create(TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def postgresql_url(cluster: Cluster, postgresql_template: str) -> Iterator[str]:
    database = f"test_{next(cluster.numbers)}"
    yield cluster.create(database, template=postgresql_template)
    cluster.drop(database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    upgrade(Settings(data=folder))
    return folder


@pytest.fixture
def sqlite_url(sqlite_template: Path, data_folder: Path) -> str:
    for file in sqlite_template.iterdir():
        shutil.copy(file, data_folder)
    return Settings(data=data_folder).main_url


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of this test's own; the test runs once on each backend."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def settings(database_url: str, data_folder: Path) -> Settings:
    return Settings(data=data_folder, database_url=database_url)


@pytest.fixture
def run(settings: Settings) -> Iterator[Runner]:
    engine = engine_for(settings.main_url)
    yield Runner(engine)
    engine.dispose()


@pytest.fixture
def keys(settings: Settings) -> Iterator[Runner]:
    engine = keys_engine_for(settings.keys_url)
    yield Runner(engine)
    engine.dispose()


def upgrade(settings: Settings) -> None:
    migrate.upgrade(settings.main_url, settings.keys_url)
