"""What is backed up while a shop serves comes back whole, on either database, or not at all."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import delete, insert, select

from backend import cli
from backend.db import version
from backend.db.transaction import Runner, Transaction, engine_for, keys_engine_for
from backend.faces.tables import subject_keys
from backend.ledger.tables import entries, postings
from backend.operations import migrate
from backend.operations.backup import back_up
from backend.operations.backup_file import BackupRefused, opened
from backend.operations.init import init
from backend.operations.reconcile import reconcile
from backend.operations.restore import move, restore
from backend.settings import KEY_FILES, Settings
from tests.backend.operations.test_migrate import IDS, a_balanced_posting

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALIKE = [("sqlite", "sqlite"), ("postgresql", "postgresql")]
OTHERS = [("sqlite", "postgresql"), ("postgresql", "sqlite")]


@pytest.mark.parametrize(("old_shop", "empty_machine"), OTHERS, indirect=True)
def test_a_shop_comes_back_on_the_other_database(
    old_shop: Settings, empty_machine: Settings, tmp_path: Path
) -> None:
    """Of an older schema: it is put back at that one, then migrated."""
    written = back_up(old_shop, tmp_path / "file", now=NOW)
    assert restore(empty_machine, tmp_path / "file") == written
    assert all(one.rows for one in written.tables.values())
    assert all(
        v.current == v.newest for v in migrate.versions(empty_machine.main_url, empty_machine.keys_url)
    )
    with shop(empty_machine) as run:
        report = reconcile(run, now=NOW)
        assert report.ok, report.to_lines()
        with pytest.raises(Exception, match="only ever added"):  # the guards stand again
            run(lambda tx: tx.execute(delete(entries)))


@pytest.mark.parametrize(("old_shop", "empty_machine"), ALIKE, indirect=True)
def test_what_was_put_back_is_backed_up_the_same(
    old_shop: Settings, empty_machine: Settings, tmp_path: Path
) -> None:
    migrate.upgrade(old_shop.main_url, old_shop.keys_url)
    first = back_up(old_shop, tmp_path / "first", now=NOW)
    restore(empty_machine, tmp_path / "first")
    assert back_up(empty_machine, tmp_path / "second", now=NOW) == first
    assert restore(empty_machine, tmp_path / "first") == first  # twice changes nothing
    with shop(empty_machine) as run:
        run(a_balanced_posting)
    with pytest.raises(BackupRefused, match="is not empty"):
        restore(empty_machine, tmp_path / "first")


@pytest.mark.parametrize(("old_shop", "empty_machine"), ALIKE, indirect=True)
def test_keys_go_into_a_file_of_their_own(
    old_shop: Settings, empty_machine: Settings, tmp_path: Path
) -> None:
    init(old_shop)
    data, keys = tmp_path / "data", tmp_path / "data.keys"
    written = back_up(old_shop, data, keys_path=keys, now=NOW)
    assert "subject_keys" not in written.tables
    assert not written.files
    assert [file.stat().st_mode & 0o777 for file in (data, keys)] == [0o600, 0o600]
    restore(empty_machine, data, keys_path=keys)
    for name in KEY_FILES:
        assert empty_machine.key_path(name).read_bytes() == old_shop.key_path(name).read_bytes()
    assert wrapped_keys(empty_machine) == wrapped_keys(old_shop) != []


@pytest.mark.parametrize("old_shop", ["sqlite"], indirect=True)
def test_other_keys_are_not_overwritten(old_shop: Settings, tmp_path: Path) -> None:
    init(old_shop)
    back_up(old_shop, tmp_path / "data", keys_path=tmp_path / "keys", now=NOW)
    elsewhere = Settings(data=tmp_path / "elsewhere")
    init(elsewhere)
    with pytest.raises(BackupRefused, match="other keys"):
        restore(elsewhere, tmp_path / "data", keys_path=tmp_path / "keys")
    assert {v.current for v in migrate.versions(elsewhere.main_url, elsewhere.keys_url)} == {None}


def test_damage_is_refused_before_anything_is_written(sqlite_url: str, tmp_path: Path) -> None:
    """Any one byte, and any cut."""
    whole = a_small_backup(sqlite_url, tmp_path)
    damaged, nowhere = tmp_path / "damaged", Settings(data=tmp_path / "nowhere")
    dice = random.Random(7)
    cuts = [whole[:at] for at in (0, 1, len(whole) // 2, len(whole) - 1)]
    for content in [*cuts, *(changed(whole, at) for at in dice.sample(range(len(whole)), 150))]:
        damaged.write_bytes(content)
        try:
            with opened(damaged, "main") as (archive, _):  # the byte says nothing: the time of a member
                assert held_by(archive) == held_by(ZipFile(tmp_path / "whole"))
        except BackupRefused:
            with pytest.raises(BackupRefused):
                restore(nowhere, damaged)
    assert not nowhere.data.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"schema": "9999"}, "has schema 9999"),
        ({"format": 2}, "format 2"),
        ({"history": "keys"}, "is a backup of keys"),
        ({"tables": {"nowhere": {"columns": [], "rows": 0, "sha256": ""}}}, "damaged"),
        ({"tables": None}, "damaged"),
    ],
)
def test_a_backup_that_is_not_for_this_shop_is_refused(
    sqlite_url: str, tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    a_small_backup(sqlite_url, tmp_path)
    with ZipFile(tmp_path / "whole") as before, ZipFile(tmp_path / "changed", "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "manifest.json":
                content = json.dumps(json.loads(content) | change).encode()
            after.writestr(name, content)
    with pytest.raises(BackupRefused, match=reason):
        restore(Settings(data=tmp_path / "new"), tmp_path / "changed")


def test_a_backup_is_of_one_moment(run: Runner, settings: Settings, tmp_path: Path) -> None:
    """Postings are written all the while; none is in it by half."""
    run(a_balanced_posting)
    with busy(lambda: run(the_same_again)):
        for number in range(3):
            back_up(settings, tmp_path / str(number), now=NOW)
            held = held_by(ZipFile(tmp_path / str(number)))
            assert len(held["entries"]) == 2 * len(held["postings"])
            assert {row[1] for row in held["entries"]} == {row[0] for row in held["postings"]}
    assert [path.name for path in settings.data.iterdir() if path.name.startswith(".")] == []


def test_the_commands_say_what_they_hold(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, new = str(tmp_path / "file"), str(tmp_path / "new")
    cli.main(["--data", str(folder), "seed", "--demo"])
    capsys.readouterr()
    assert cli.main(["--data", str(folder), "backup", "--with-keys", "--json", file]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["ok"]
    assert held["tables"]["stores"]["rows"] == 2
    assert cli.main(["--data", new, "restore", "--with-keys", file]) == 0
    assert f"schema {version.newest('main')}" in capsys.readouterr().out
    assert cli.main(["--data", str(folder), "restore", str(tmp_path / "absent")]) == cli.FAILED
    assert capsys.readouterr().err.strip().endswith("absent: No such file or directory")
    assert cli.main(["--data", new, "move", "--to", f"sqlite:///{tmp_path / 'moved.sqlite'}"]) == 0


@pytest.mark.parametrize(("old_shop", "empty_machine"), OTHERS, indirect=True)
def test_a_shop_moves_to_another_database(old_shop: Settings, empty_machine: Settings) -> None:
    init(old_shop)
    migrate.upgrade(old_shop.main_url, old_shop.keys_url)
    moved = replace(old_shop, database_url=empty_machine.main_url)
    move(old_shop, moved.database_url, now=NOW)
    with shop(old_shop) as before, shop(moved) as after:
        assert reconcile(before, now=NOW).to_json() == reconcile(after, now=NOW).to_json()
    assert wrapped_keys(moved) == wrapped_keys(old_shop)


@contextmanager
def shop(settings: Settings) -> Iterator[Runner]:
    engine = engine_for(settings.main_url)
    yield Runner(engine)
    engine.dispose()


def wrapped_keys(settings: Settings) -> list[Any]:
    engine = keys_engine_for(settings.keys_url)
    rows = Runner(engine).read(lambda tx: tx.execute(select(subject_keys).order_by("shopper_id")).all())
    engine.dispose()
    return [tuple(row) for row in rows]


def a_small_backup(url: str, folder: Path) -> bytes:
    settings = Settings(data=folder, database_url=url)
    with shop(settings) as run:
        run(a_balanced_posting)
    back_up(settings, folder / "whole", now=NOW)
    return (folder / "whole").read_bytes()


def changed(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]


def held_by(archive: ZipFile) -> dict[str, list[Any]]:
    with archive:
        members = [name for name in archive.namelist() if name.endswith(".jsonl")]
        return {
            name.removesuffix(".jsonl"): [json.loads(line) for line in archive.read(name).splitlines()]
            for name in members
        }


def the_same_again(tx: Transaction) -> None:
    """A posting like the first."""
    first = tx.execute(select(postings).limit(1)).one()
    lines = tx.execute(select(entries).where(entries.c.posting_id == first.id)).all()
    posting = IDS.uuid7()
    tx.execute(insert(postings).values(first._asdict() | {"id": posting, "reference": posting}))
    tx.execute(
        insert(entries),
        [line._asdict() | {"id": IDS.uuid7(), "posting_id": posting} for line in lines],
    )


@contextmanager
def busy(work: Any) -> Iterator[None]:
    """Does it over and over, on a thread of its own."""
    ended = Event()

    def go() -> None:
        while not ended.is_set():
            work()

    thread = Thread(target=go)
    thread.start()
    yield
    ended.set()
    thread.join()
