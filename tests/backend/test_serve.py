"""`smartpay serve`: opens, says where, answers, and closes cleanly."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest
import requests

from backend import serve
from backend.errors import SettingsRefused
from backend.settings import Settings

START_S_MAX = 60
STOP_S_MAX = 15


@contextmanager
def open_shop(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address."""
    command = [sys.executable, "-m", "backend.cli", "--data", str(folder), "serve", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        assert child.stdout is not None
        try:
            address = next(
                found[0] for line in child.stdout if (found := re.findall(r"http://\S+\d(?=/$)", line))
            )
            yield child, address
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(STOP_S_MAX)


def keys_of(folder: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in Settings(data=folder).key_path("kek.key").parent.iterdir()
    }


def test_it_opens_on_a_free_port_answers_and_closes_when_asked(folder: Path) -> None:
    keys = keys_of(folder)
    with open_shop(folder) as (child, address):
        assert requests.get(f"{address}/readyz", timeout=START_S_MAX).json()["ok"]
        assert requests.get(f"{address}/healthz", timeout=START_S_MAX).status_code == 200
        for page in ("/", "/staff", "/docs"):
            assert requests.get(address + page, timeout=START_S_MAX).status_code == 200
        port = int(address.rpartition(":")[2])
        with pytest.raises(SettingsRefused, match=f"--port {port + 1}"):
            serve.listen("127.0.0.1", port)
        child.send_signal(signal.SIGTERM)
        assert child.wait(STOP_S_MAX) == 0
        assert child.stdout is not None
        assert "Traceback" not in child.stdout.read()
    assert keys_of(folder) == keys


def test_without_keys_or_schema_it_says_what_to_run(tmp_path: Path, folder: Path) -> None:
    empty = Settings(data=tmp_path)
    with pytest.raises(SettingsRefused, match="smartpay migrate"):
        serve.check_ready(empty, processes=1)
    serve.check_ready(Settings(data=folder), processes=1)


def test_a_newer_schema_is_served_and_an_older_one_is_not(folder: Path) -> None:
    """It only has more in it: the node before can be started again while a new one is tried."""
    settings = Settings(data=folder)
    file = settings.main_url.removeprefix("sqlite:///")
    for schema, refusal in (("9999", nullcontext()), ("0000", pytest.raises(SettingsRefused))):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        with refusal:
            serve.check_ready(settings, processes=1)


def test_a_node_that_is_to_stop_says_so_and_answers_until_it_does(folder: Path) -> None:
    with open_shop(folder, "--drain-s", "2") as (child, address), requests.Session() as client:
        assert client.get(f"{address}/readyz", timeout=START_S_MAX).ok
        child.send_signal(signal.SIGTERM)
        while client.get(f"{address}/readyz", timeout=START_S_MAX).ok:
            pass
        assert requests.get(f"{address}/readyz", timeout=START_S_MAX).json()["code"] == "draining"
        assert client.get(f"{address}/v1/stores", timeout=START_S_MAX).ok
        assert child.wait(STOP_S_MAX) == 0


def test_sqlite_is_served_by_one_process(folder: Path) -> None:
    with pytest.raises(SettingsRefused, match="PostgreSQL"):
        serve.check_ready(Settings(data=folder), processes=2)


def test_the_welcome_names_pages_and_demo_logins(tmp_path: Path) -> None:
    assert "http://localhost:8080/staff" in serve.welcome(Settings(data=tmp_path), "127.0.0.1", 8080)
    (tmp_path / serve.DEMO_LOGINS).write_text('[{"role": "packer", "login": "omar", "password": "pass"}]')
    assert re.search(r"packer +omar +pass", serve.welcome(Settings(data=tmp_path), "127.0.0.1", 8080))


def test_a_worker_of_its_own_stops_when_asked(folder: Path) -> None:
    command = [sys.executable, "-m", "backend.cli", "--data", str(folder), "worker"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        assert '"working"' in child.stderr.readline()
        child.send_signal(signal.SIGTERM)
        assert '"stopped"' in child.stderr.readline()
        assert child.wait(STOP_S_MAX) == 0
