"""One product's shelf: what came and went, and the forms that move goods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from flask import Blueprint, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import Visit, page
from admin_panel.acts import new_act, once
from admin_panel.amounts import LATIN
from admin_panel.notices import refused, went_well
from backend.api import duties, staff_stock
from backend.api.auth import services
from backend.api.staff_stock import NewCount, NewReceipt, NewTransfer, NewWriteOff, StockAct
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import movements
from backend.inventory.movements import Movement
from backend.inventory.shelf_acts import WriteOffReason
from backend.sales.stock_levels import Level, stock_level

ACTS: dict[str, tuple[type[StockAct], Callable[..., Any]]] = {
    "receipt": (NewReceipt, staff_stock.receive),
    "count": (NewCount, staff_stock.count),
    "transfer": (NewTransfer, staff_stock.transfer),
    "write_off": (NewWriteOff, staff_stock.write_off),
}


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/stock/<sku>", view_func=shelf)
    bp.add_url_rule(
        "/<store>/stock/<sku>/<any(receipt, count, transfer, write_off):act>",
        view_func=move,
        methods=["POST"],
    )


@page(*duties.STOCK)
def shelf(visit: Visit, sku: str) -> str:
    at = services()

    def read(tx: Transaction) -> tuple[Level, list[Movement]]:
        level = stock_level(tx, visit.store.id, sku, now=at.clock.now())
        return level, movements.latest(tx, visit.store.id, level.sku)

    level, moves = at.run.read(read)
    return render_template(
        "staff/shelf.html",
        level=level,
        moves=moves,
        others=[store for store in visit.stores if store.id != visit.store.id],
        reasons=get_args(WriteOffReason),
        new_act=new_act,
    )


@page(*duties.STOCK)
def move(visit: Visit, sku: str, act: str) -> AnyResponse:
    model, do = ACTS[act]
    here = url_for(".shelf", store=visit.store.code, sku=sku)
    try:
        asked = read_form(model, visit, sku)
        do(services(), visit.member, asked, once(visit, f"stock.{act}", asked))
    except Refusal as refusal:
        return refused(here, refusal)
    return went_well(here, "stock_changed")


def read_form(model: type[StockAct], visit: Visit, sku: str) -> StockAct:
    """Raises Refusal pieces_unreadable."""
    extra = {name: request.form[name] for name in model.model_fields if name in request.form}
    typed = request.form.get("pieces", "").strip().translate(LATIN)
    try:
        goods = {"sku": sku, "pieces": int(typed) if typed.isdecimal() else -1}
        return model.model_validate({"store": visit.store.code, "lines": (goods,), **extra})
    except ValidationError:
        raise Refusal("pieces_unreadable") from None
