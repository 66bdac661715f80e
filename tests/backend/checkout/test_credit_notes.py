"""Credit notes: what a refund took back, as it was sold."""

from __future__ import annotations

from typing import Any

import pytest

from backend.checkout.credit_notes import credit_note_of
from backend.checkout.refunds import Refund, Refunded, refund
from backend.errors import Refusal
from backend.orders.order import Order, hold
from backend.orders.receipt import Credits, Receipt
from tests.backend.checkout.test_coupons import promote
from tests.backend.checkout.till import Buyer
from tests.backend.inventory.shelf import IDS, NOON
from tests.backend.orders.counter import a_paid_order


@pytest.fixture
def order(buyer: Buyer) -> Order:
    """Dates at 23.00 with VAT twice, a third off, and bread at 2.50 without."""
    promote(buyer.shelf, sku="DATES", percent_bp=3333)
    return a_paid_order(buyer, "DATES", "DATES", "BREAD")


def give_back(buyer: Buyer, order: Order, **pieces: int) -> Refunded:
    """pieces: by sku; all that is left, if there are none."""
    lines = {line.id: pieces[line.sku] for line in order.lines if line.sku in pieces} or None

    def work(tx: Any) -> Refunded:
        what = Refund("returned", "restock", lines)
        return refund(tx, hold(tx, order.id), what, actor="staff:somebody", ids=IDS, now=NOON)

    return buyer.run(work)


def note(buyer: Buyer, order_id: str, refund_id: str) -> Receipt:
    return buyer.run.read(lambda tx: credit_note_of(tx, order_id, refund_id))


def test_a_credit_note_names_its_receipt_and_the_pieces_at_what_was_paid_for_them(buyer, order):
    made = give_back(buyer, order, DATES=1)
    told = note(buyer, order.id, made.id)
    (line,) = told.lines
    assert (told.number, told.credits) == (1, Credits(order.receipt_number, "returned"))
    assert (line.quantity, line.gross_minor, line.discount_minor) == (1, 23_00, 7_67)
    assert (told.total_minor, told.vat_by_rate) == (15_33, {1500: made.vat_minor})


def test_the_credit_notes_of_an_order_add_up_to_it(buyer, order):
    first = give_back(buyer, order, DATES=1)
    notes = [note(buyer, order.id, made.id) for made in (first, give_back(buyer, order))]
    assert [told.number for told in notes] == [1, 2]
    assert sum(told.total_minor for told in notes) == order.total_minor
    assert sum(told.vat_minor for told in notes) == sum(line.vat_minor for line in order.lines)
    for told in notes:
        assert sum(line.gross_minor - line.discount_minor for line in told.lines) == told.total_minor


def test_a_refund_of_another_order_is_not_there(buyer, order):
    made = give_back(buyer, order)
    other = a_paid_order(buyer, "BREAD")
    with pytest.raises(Refusal, match="refund_not_found"):
        note(buyer, other.id, made.id)
