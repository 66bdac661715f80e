"""Tables are changed where they stand: with their rows, their triggers and those that refer to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import DBAPIError

from backend.db.migrations.changes import change_check, rebuild_on_sqlite
from backend.db.transaction import Runner, Transaction, engine_for

OLD = "state IN ('open', 'paid')"
NEW = "state IN ('open', 'paid', 'paying')"


@pytest.fixture
def boxes(run: Runner) -> Runner:
    """A table with a row that another table refers to, and a trigger."""

    def make(tx: Transaction) -> None:
        tx.exec_driver_sql(
            "CREATE TABLE boxes (id INTEGER PRIMARY KEY, state TEXT NOT NULL, "
            f"CONSTRAINT ck_boxes_state_known CHECK ({OLD}))"
        )
        tx.exec_driver_sql("CREATE TABLE lids (box INTEGER NOT NULL REFERENCES boxes (id))")
        tx.exec_driver_sql("INSERT INTO boxes VALUES (1, 'open')")
        tx.exec_driver_sql("INSERT INTO lids VALUES (1)")

    run(make)
    return run


@pytest.fixture
def sqlite_run(sqlite_url: str) -> Iterator[Runner]:
    engine = engine_for(sqlite_url)
    yield Runner(engine)
    engine.dispose()


def test_a_check_admits_what_it_is_widened_by_and_nothing_else(boxes: Runner) -> None:
    boxes(migrating(lambda: change_check("boxes", "state_known", old=OLD, new=NEW)))
    boxes(put(2, "paying"))
    with pytest.raises(DBAPIError):
        boxes(put(3, "eaten"))
    assert boxes.read(rows) == [(1, "open"), (2, "paying")]


def test_a_check_is_narrowed_again_on_the_way_down(boxes: Runner) -> None:
    boxes(migrating(lambda: change_check("boxes", "state_known", old=OLD, new=NEW)))
    boxes(migrating(lambda: change_check("boxes", "state_known", old=NEW, new=OLD)))
    with pytest.raises(DBAPIError):
        boxes(put(2, "paying"))


def test_rows_keep_those_that_refer_to_them(boxes: Runner) -> None:
    boxes(migrating(lambda: change_check("boxes", "state_known", old=OLD, new=NEW)))
    lids = boxes.read(lambda tx: tx.exec_driver_sql("SELECT box FROM lids").all())
    assert [tuple(row) for row in lids] == [(1,)]
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        boxes(lambda tx: tx.exec_driver_sql("DELETE FROM boxes"))


def test_a_change_that_fails_later_was_never_made(boxes: Runner) -> None:
    def fail() -> None:
        change_check("boxes", "state_known", old=OLD, new=NEW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        boxes(migrating(fail))
    with pytest.raises(DBAPIError):
        boxes(put(2, "paying"))


def test_a_check_that_sqlite_does_not_have_is_not_changed(sqlite_run: Runner) -> None:
    with pytest.raises(AssertionError, match="carts does not say"):
        sqlite_run(migrating(lambda: change_check("carts", "state_known", old="state = 'x'", new="1")))
    with pytest.raises(DBAPIError, match="may not be modified"):
        sqlite_run(lambda tx: tx.exec_driver_sql("UPDATE sqlite_schema SET sql = NULL"))


def test_a_table_gets_another_key_and_keeps_its_rows(sqlite_run: Runner) -> None:
    def make(tx: Transaction) -> None:
        tx.exec_driver_sql("CREATE TABLE boxes (id INTEGER PRIMARY KEY, state TEXT UNIQUE)")
        tx.exec_driver_sql("INSERT INTO boxes VALUES (1, 'open')")

    sqlite_run(make)
    new = (
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.Text),
        sa.Column("id", sa.Integer),
    )
    sqlite_run(migrating(lambda: rebuild_on_sqlite("boxes", *new)))
    sqlite_run(lambda tx: tx.exec_driver_sql("INSERT INTO boxes (id, state) VALUES (1, 'open')"))
    assert sqlite_run.read(rows) == [(1, "open"), (1, "open")]


def migrating(change: Callable[[], None]) -> Callable[[Transaction], None]:
    def step(tx: Transaction) -> None:
        with Operations.context(MigrationContext.configure(tx, opts={"transactional_ddl": True})):
            change()

    return step


def put(number: int, state: str) -> Callable[[Transaction], object]:
    return lambda tx: tx.execute(
        sa.text("INSERT INTO boxes VALUES (:id, :state)"), {"id": number, "state": state}
    )


def rows(tx: Transaction) -> list[tuple[int, str]]:
    return [tuple(row) for row in tx.exec_driver_sql("SELECT id, state FROM boxes ORDER BY id, state")]
