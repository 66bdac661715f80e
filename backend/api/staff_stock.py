"""Goods come in, are counted, go to another store or are written off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import AfterValidator, Field

from backend.api import duties
from backend.api.acts import once_only
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import Body, idempotency, read_json, stored
from backend.db.idempotency import Answer, Once
from backend.db.transaction import Transaction
from backend.identity.staff import StaffMember
from backend.inventory import shelf_acts
from backend.inventory.shelf_acts import PIECES_MAX, Done, WriteOffReason
from backend.inventory.tables import SKU
from backend.wiring import Services

bp = Blueprint("staff_stock", __name__, url_prefix="/v1/staff/stock")


class Pieces(Body):
    sku: str = Field(min_length=1, max_length=SKU)
    pieces: int = Field(ge=0, le=PIECES_MAX)


class Goods(Pieces):
    pieces: int = Field(ge=1, le=PIECES_MAX)


def each_sku_once(lines: tuple[Any, ...]) -> tuple[Any, ...]:
    if len({line.sku for line in lines}) < len(lines):
        raise ValueError("a sku may stand there once")
    return lines


Lines = Annotated[tuple[Goods, ...], Field(min_length=1, max_length=200), AfterValidator(each_sku_once)]
Counts = Annotated[tuple[Pieces, ...], Field(min_length=1, max_length=200), AfterValidator(each_sku_once)]


class StockAct(Body):
    store: str = Field(min_length=1, max_length=4, description="Store code", examples=["R1"])
    lines: Counts

    def goods(self) -> dict[str, int]:
        return {line.sku: line.pieces for line in self.lines}


class NewReceipt(StockAct):
    lines: Lines


class NewCount(StockAct):
    """What stands there, held by carts or not."""


class NewTransfer(StockAct):
    to: str = Field(min_length=1, max_length=4, description="Code of the store that takes them")
    lines: Lines


class NewWriteOff(StockAct):
    reason: WriteOffReason
    lines: Lines


class OnHand(Body):
    sku: str
    on_hand: int


class StockAnswer(Body):
    reference: str  # of the movements
    lines: list[OnHand]


@bp.post("/receipts")
@staff_role(*duties.STOCK)
@describe(
    "Goods come in",
    body=NewReceipt,
    answers={201: StockAnswer},
    problems=("store_unknown", "product_unknown", "stock_over"),
    idempotent=True,
)
def post_receipt() -> Response:
    return _answer(receive, read_json(NewReceipt), "stock.receipt")


@bp.post("/counts")
@staff_role(*duties.STOCK)
@describe(
    "What was counted is what is there",
    body=NewCount,
    answers={201: StockAnswer},
    problems=("store_unknown", "product_unknown", "count_below_reserved"),
    idempotent=True,
)
def post_count() -> Response:
    return _answer(count, read_json(NewCount), "stock.count")


@bp.post("/transfers")
@staff_role(*duties.STOCK)
@describe(
    "Goods go to another store",
    body=NewTransfer,
    answers={201: StockAnswer},
    problems=("store_unknown", "product_unknown", "stock_short", "same_store", "stock_over"),
    idempotent=True,
)
def post_transfer() -> Response:
    return _answer(transfer, read_json(NewTransfer), "stock.transfer")


@bp.post("/write-offs")
@staff_role(*duties.STOCK)
@describe(
    "Goods cannot be sold any more",
    body=NewWriteOff,
    answers={201: StockAnswer},
    problems=("store_unknown", "product_unknown", "stock_short"),
    idempotent=True,
)
def post_write_off() -> Response:
    return _answer(write_off, read_json(NewWriteOff), "stock.write_off")


def receive(at: Services, member: StaffMember, asked: NewReceipt, once: Once) -> Answer:
    def work(tx: Transaction, now: datetime) -> Done:
        store = duties.store_of(tx, member, asked.store)
        return shelf_acts.receive(tx, store, asked.goods(), staff=member, ids=at.ids, now=now)

    return _done(at, once, work)


def count(at: Services, member: StaffMember, asked: NewCount, once: Once) -> Answer:
    def work(tx: Transaction, now: datetime) -> Done:
        store = duties.store_of(tx, member, asked.store)
        return shelf_acts.count(tx, store, asked.goods(), staff=member, ids=at.ids, now=now)

    return _done(at, once, work)


def transfer(at: Services, member: StaffMember, asked: NewTransfer, once: Once) -> Answer:
    def work(tx: Transaction, now: datetime) -> Done:
        store, to = duties.store_of(tx, member, asked.store), duties.store_of(tx, member, asked.to)
        return shelf_acts.transfer(tx, store, to, asked.goods(), staff=member, ids=at.ids, now=now)

    return _done(at, once, work)


def write_off(at: Services, member: StaffMember, asked: NewWriteOff, once: Once) -> Answer:
    def work(tx: Transaction, now: datetime) -> Done:
        store = duties.store_of(tx, member, asked.store)
        return shelf_acts.write_off(tx, store, asked.goods(), asked.reason, staff=member, ids=at.ids, now=now)

    return _done(at, once, work)


def _done(at: Services, once: Once, work: Callable[[Transaction, datetime], Done]) -> Answer:
    def act(tx: Transaction, now: datetime) -> dict[str, Any]:
        done = work(tx, now)
        lines = [{"sku": sku, "on_hand": pieces} for sku, pieces in done.on_hand.items()]
        return {"reference": done.reference, "lines": lines}

    return once_only(at, once, act)


def _answer(act: Callable[..., Answer], asked: StockAct, route: str) -> Response:
    member = current_staff()
    return stored(act(services(), member, asked, idempotency(route, owner=f"staff:{member.id}")))
