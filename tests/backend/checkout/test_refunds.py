"""Refunds: money, VAT and goods go back in any parts, and never more than was paid."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from backend.checkout import refunds
from backend.checkout.refunds import Refund, Refunded, refund
from backend.db.outbox import Kind
from backend.errors import Refusal
from backend.inventory.tables import stock_movements
from backend.ledger.accounts import account_id
from backend.ledger.tables import entries
from backend.operations.reconcile import reconcile
from backend.orders.order import Order, find, hold
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import IDS, NOON
from tests.backend.orders.counter import a_paid_order


@pytest.fixture
def order(buyer: Buyer) -> Order:
    """Dates at 23.00 with VAT twice, bread at 2.50 without."""
    buyer.top_up(100_00)
    return a_paid_order(buyer, "DATES", "DATES", "BREAD")


def give_back(buyer: Buyer, order: Order, lines: dict[str, int] | None = None, **asked: Any) -> Refunded:
    def work(tx: Any) -> Refunded:
        what = Refund(lines=lines, **{"reason": "returned", "goods": "restock", **asked})
        return refund(tx, hold(tx, order.id), what, actor="staff:somebody", ids=IDS, now=NOON)

    return buyer.run(work)


def refused(buyer: Buyer, order: Order, lines: dict[str, int] | None = None, **asked: Any) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        give_back(buyer, order, lines, **asked)
    return refusal.value


def line_of(order: Order, sku: str) -> str:
    return next(line.id for line in order.lines if line.sku == sku)


def moves_of(buyer: Buyer, made: Refunded) -> list[tuple[str, str, int]]:
    moves = stock_movements.c
    rows = select(moves.sku, moves.reason, moves.delta).where(moves.reference == made.id)
    return sorted(tuple(row) for row in buyer.run.read(lambda tx: tx.execute(rows).all()))


def test_a_piece_of_a_line_goes_back_with_its_part_of_the_vat(buyer, order):
    made = give_back(buyer, order, {line_of(order, "DATES"): 1})
    assert (made.number, made.amount_minor, made.vat_minor, made.state) == (1, 23_00, 3_00, "done")
    assert buyer.money_minor == 200_00 - 48_50 + 23_00
    assert moves_of(buyer, made) == [("DATES", "returned", 1)]
    assert buyer.told(Kind.REFUND_MADE)[0]["amount_minor"] == 23_00


def test_the_last_refund_takes_the_rest_and_together_they_are_the_sale(buyer, order):
    give_back(buyer, order, {line_of(order, "DATES"): 1})
    rest = give_back(buyer, order)
    assert (rest.number, rest.amount_minor, rest.vat_minor) == (2, 25_50, 3_00)
    assert buyer.money_minor == 200_00
    sums = select(entries.c.amount_minor).where(
        entries.c.account_id.in_([account_id(kind, order.store_id, "SAR") for kind in ("sales", "vat")])
    )
    assert sum(buyer.run.read(lambda tx: tx.execute(sums).scalars().all())) == 0
    assert buyer.run.read(lambda tx: find(tx, order.id)).refundable_minor == 0
    assert not reconcile(buyer.run, now=NOON).findings["checkout"]
    assert buyer.run.read(lambda tx: refunds.of_order(tx, order.id))[1] == rest


def test_nothing_is_left_after_everything_went_back(buyer, order):
    give_back(buyer, order)
    assert refused(buyer, order).code == "refund_beyond"
    assert refused(buyer, order, {line_of(order, "BREAD"): 1}).code == "refund_beyond"


@pytest.mark.parametrize("pieces", [0, -1, 3, 2**63])
def test_no_refund_is_of_fewer_than_one_piece_or_of_more_than_are_left(buyer, order, pieces):
    refusal = refused(buyer, order, {line_of(order, "DATES"): pieces})
    assert (refusal.code, refusal.facts["left"]) == ("refund_beyond", 2)
    assert buyer.money_minor == 200_00 - 48_50


def test_a_refund_of_no_line_or_of_a_strange_one_is_refused(buyer, order):
    assert refused(buyer, order, {}).code == "refund_beyond"
    assert refused(buyer, order, {IDS.uuid7(): 1}).code == "line_not_found"


def test_who_decided_before_another_refund_came_between_is_told(buyer, order):
    give_back(buyer, order, {line_of(order, "BREAD"): 1}, available_minor=48_50)
    refusal = refused(buyer, order, available_minor=48_50)
    assert (refusal.code, refusal.facts) == ("refund_amount_changed", {"refund_amount_available": 46_00})
    assert give_back(buyer, order, available_minor=46_00).amount_minor == 46_00


def test_goods_that_are_thrown_away_are_seen_to_come_back_and_to_go(buyer, order):
    made = give_back(buyer, order, {line_of(order, "DATES"): 2}, goods="write_off")
    assert moves_of(buyer, made) == [("DATES", "returned", 2), ("DATES", "written_off", -2)]
    assert buyer.shelf.counted("DATES") == (8, 0)
    assert reconcile(buyer.run, now=NOON).ok


def test_goods_that_never_come_back_move_nothing(buyer, order):
    made = give_back(buyer, order, goods="none")
    assert moves_of(buyer, made) == []
    assert reconcile(buyer.run, now=NOON).ok
