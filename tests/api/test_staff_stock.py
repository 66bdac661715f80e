from __future__ import annotations

import pytest
from sqlalchemy import select

from backend.db.audit import audit_entries
from backend.inventory.tables import stock_movements

KEY = {"Idempotency-Key": "a-new-act-0001"}


def lines(**pieces: int) -> list[dict[str, object]]:
    return [{"sku": sku, "pieces": number} for sku, number in pieces.items()]


def moved(floor, reference):
    wanted = select(stock_movements.c.sku, stock_movements.c.delta, stock_movements.c.reason)
    wanted = wanted.where(stock_movements.c.reference == reference).order_by(stock_movements.c.id)
    return floor.services.run.read(lambda tx: [tuple(row) for row in tx.execute(wanted)])


def test_a_delivery_stands_on_the_shelf_and_in_the_audit_trail(floor):
    asked = {"store": "R1", "lines": lines(TEA=5, BREAD=2)}
    answer = floor.call("manager", "POST", "/staff/stock/receipts", asked, **KEY)
    assert answer.status_code == 201
    reference = answer.json["reference"]
    assert sorted(moved(floor, reference)) == [("BREAD", 2, "received"), ("TEA", 5, "received")]
    assert {line["sku"] for line in answer.json["lines"]} == {"BREAD", "TEA"}
    noted = select(audit_entries.c.action, audit_entries.c.details).where(
        audit_entries.c.subject == reference
    )
    row = floor.services.run.read(lambda tx: tx.execute(noted).one())
    assert tuple(row) == ("stock.received", {"store": "R1", "goods": {"TEA": 5, "BREAD": 2}})


def test_the_same_key_moves_goods_once_and_answers_byte_for_byte(floor):
    asked = {"store": "R1", "reason": "damaged", "lines": lines(TEA=5)}
    first, second = (floor.call("manager", "POST", "/staff/stock/write-offs", asked, **KEY) for _ in range(2))
    assert (first.status_code, second.data) == (201, first.data)
    assert moved(floor, first.json["reference"]) == [("TEA", -5, "written_off")]


def test_a_count_answers_with_what_stands_there(floor):
    asked = {"store": "R1", "lines": lines(TEA=31)}
    answer = floor.call("manager", "POST", "/staff/stock/counts", asked, **KEY)
    assert answer.json["lines"] == [{"sku": "TEA", "on_hand": 31}]


def test_goods_go_to_another_store_of_the_same_manager(floor):
    asked = {"store": "R1", "to": "R2", "lines": lines(TEA=4)}
    answer = floor.call("manager", "POST", "/staff/stock/transfers", asked, **KEY)
    assert answer.status_code == 201
    assert sorted(moved(floor, answer.json["reference"])) == [
        ("TEA", -4, "moved_out"),
        ("TEA", 4, "moved_in"),
    ]


@pytest.mark.parametrize(
    ("path", "changes", "status", "code"),
    [
        ("receipts", {"lines": lines(CAVIAR=1)}, 404, "product_unknown"),
        ("receipts", {"lines": lines(TEA=0)}, 422, "invalid_body"),
        ("receipts", {"lines": lines(TEA=-1)}, 422, "invalid_body"),
        ("receipts", {"lines": lines(TEA=2**63)}, 422, "invalid_body"),
        ("receipts", {"lines": []}, 422, "invalid_body"),
        ("receipts", {"lines": lines(TEA=1) * 2}, 422, "invalid_body"),
        ("counts", {"lines": lines(CAVIAR=1)}, 404, "product_unknown"),
        ("counts", {"lines": lines(TEA=1)}, 409, "count_below_reserved"),
        ("write-offs", {"reason": "damaged", "lines": lines(TEA=1_000)}, 409, "stock_short"),
        ("write-offs", {"reason": "bored", "lines": lines(TEA=1)}, 422, "invalid_body"),
        ("transfers", {"to": "R1", "lines": lines(TEA=1)}, 422, "same_store"),
        ("transfers", {"to": "R9", "lines": lines(TEA=1)}, 404, "store_unknown"),
    ],
)
def test_a_wrong_act_is_refused_and_moves_nothing(floor, path, changes, status, code):
    answer = floor.call("manager", "POST", f"/staff/stock/{path}", {"store": "R1"} | changes, **KEY)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_nobody_reaches_into_a_store_where_they_do_not_work(floor):
    asked = {"store": "R1", "to": "R2", "lines": lines(TEA=1)}
    answer = floor.call("admin", "POST", "/staff/stock/transfers", asked, **KEY)
    assert answer.json["code"] == "store_unknown"


def test_goods_are_moved_by_managers(floor):
    asked = {"store": "R1", "lines": lines(TEA=5)}
    assert floor.call("packer", "POST", "/staff/stock/receipts", asked, **KEY).status_code == 403
