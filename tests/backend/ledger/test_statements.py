"""A wallet's statement: every entry once, with the balance after it, page by page or as one file."""

from __future__ import annotations

import csv
import io

import pytest

from backend.ledger import statements
from backend.ledger.statements import page, statement_csv


@pytest.fixture
def moved(counter):
    """Amounts in the order in which they moved."""
    amounts = [10_00, 20_00, -5_00, 7_50, -32_50, 1_00, 99_99]
    for amount in amounts:
        counter.top_up(amount) if amount > 0 else counter.pay_out(-amount)
    return amounts


def everything(counter, limit: int):
    lines, after = [], None
    while True:
        found = counter.run.read(
            lambda tx, after=after: page(tx, counter.shopper_id, "SAR", after=after, limit=limit)
        )
        lines += found.lines
        after = found.next
        if after is None:
            return lines


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_show_every_entry_once_with_the_balance_after_it(counter, moved, limit):
    lines = everything(counter, limit)
    assert [line.amount_minor for line in lines] == moved[::-1]
    assert [line.balance_minor for line in lines] == [sum(moved[: n + 1]) for n in range(len(moved))][::-1]
    assert lines[0].balance_minor == counter.money_minor


def test_what_arrives_while_one_reads_on_moves_no_page(counter, moved):
    first = counter.run.read(lambda tx: page(tx, counter.shopper_id, "SAR", limit=3))
    counter.top_up(5_00)
    second = counter.run.read(lambda tx: page(tx, counter.shopper_id, "SAR", after=first.next, limit=100))
    assert [line.amount_minor for line in (*first.lines, *second.lines)] == moved[::-1]


def test_an_empty_wallet_has_an_empty_page(counter):
    assert counter.run.read(lambda tx: page(tx, counter.shopper_id, "SAR")) == statements.Page((), None)


def test_the_file_has_exact_decimals_and_the_running_balance(counter, moved, monkeypatch):
    monkeypatch.setattr(statements, "CHUNK", 3)  # several reads
    rows = list(
        csv.DictReader(io.StringIO(counter.run.read(lambda tx: statement_csv(tx, counter.shopper_id, "SAR"))))
    )
    assert [row["amount"] for row in rows] == ["10.00", "20.00", "-5.00", "7.50", "-32.50", "1.00", "99.99"]
    assert rows[-1]["balance"] == "100.99"
    assert {row["currency"] for row in rows} == {"SAR"}
