from __future__ import annotations

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from backend.db.outbox import outbox
from backend.db.rows import insert_rows
from backend.ledger.tables import accounts, entries, postings
from tests.backend.identity.people import IDS, NOW
from tests.backend.inventory.shelf import Shelf


def happening(**changes):
    row = {
        "id": IDS.uuid7(),
        "kind": "test",
        "subject": "ق 'quoted' \\ \"",
        "payload": {"name": "تمر", "pieces": 2, "big": 2**53 + 1, "none": None},
        "store_id": None,
        "event_id": 2**62,
        "created_at": NOW,
        "available_at": NOW,
        "attempts": 0,
    }
    return row | changes


def test_what_is_inserted_is_read_back_as_it_was(run):
    rows = [happening(), happening(event_id=None, payload={})]
    run(lambda tx: insert_rows(tx, (outbox, rows)))
    found = run.read(lambda tx: tx.execute(select(outbox).order_by(outbox.c.id)).mappings().all())
    assert [{name: row[name] for name in rows[0]} for row in found] == sorted(rows, key=lambda r: r["id"])


def test_rows_that_refer_to_each_other_go_in_together(run):
    statements = []
    event.listen(run.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    shelf = Shelf(run)
    statements.clear()
    account = {"id": IDS.uuid7(), "kind": "sales", "owner": shelf.store.id, "currency": "SAR"}
    posting = {
        "id": IDS.uuid7(),
        "kind": "payment",
        "reference": "r",
        "store_id": shelf.store.id,
        "actor": "test",
        "at": NOW,
    }
    pair = [
        {
            "id": IDS.uuid7(),
            "posting_id": posting["id"],
            "account_id": account["id"],
            "amount_minor": amount,
            "currency": "SAR",
        }
        for amount in (5, -5)
    ]
    run(lambda tx: insert_rows(tx, (accounts, [account]), (postings, [posting]), (entries, pair)))
    inserts = [statement for statement in statements if "INSERT" in statement]
    assert len(inserts) == (1 if run.engine.dialect.name == "postgresql" else 3)


def test_constraints_hold_as_for_any_insert(run):
    row = happening()
    with pytest.raises(IntegrityError):
        run(lambda tx: insert_rows(tx, (outbox, [row, row])))


def test_nothing_to_insert_is_no_statement(run):
    run(lambda tx: insert_rows(tx, (outbox, [])))
