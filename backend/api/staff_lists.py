"""Long lists for those who answer for a store; `after` is what the page before gave as `next`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from backend.api import duties
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import answer
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.sales import lists
from backend.sales.lists import ROWS_MAX, Asked, Page

bp = Blueprint("staff_lists", __name__, url_prefix="/v1/staff/lists")
AFTER_CHARS_MAX = 40


LISTS: dict[str, Callable[[Transaction, Asked], Page[Any]]] = {
    "orders": lists.orders_page,
    "products": lists.products_page,
    "shoppers": lists.shoppers_page,
    "ledger": lists.ledger_page,
}


@bp.get("/<any(orders, products, shoppers, ledger):name>")
@staff_role(*duties.FIGURES)
@describe(
    "Orders, products, shoppers or postings, a page at a time",
    query={
        "store": "Store code; shoppers are those of all stores.",
        "after": "`next` of the page before; the first page if absent.",
        "limit": f"Rows, 1 to {ROWS_MAX}; {ROWS_MAX} if absent.",
    },
    answers={200: "application/json"},
    problems=("store_unknown", "after_malformed", "limit_malformed"),
)
def get_list(name: str) -> Response:
    page = read_list(name, current_staff(), request.args.get("store", ""))
    return answer(200, {name: [row_json(row) for row in page.rows], "next": page.next})


def read_list(name: str, member: StaffMember, code: str) -> Page[Any]:
    """The page that the request's query asks for; the staff pages ask here too."""
    at, after, limit = services(), after_of(), limit_of()

    def read(tx: Transaction) -> Page[Any]:
        return LISTS[name](tx, Asked(duties.store_of(tx, member, code), after, limit, at.clock.now()))

    return at.run.read(read)


def after_of() -> str:
    """Raises Refusal after_malformed."""
    after = request.args.get("after", "")
    if len(after) > AFTER_CHARS_MAX or "\0" in after:
        raise Refusal("after_malformed")
    return after


def limit_of() -> int:
    """Raises Refusal limit_malformed."""
    text = request.args.get("limit", str(ROWS_MAX))
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= ROWS_MAX):
        raise Refusal("limit_malformed", rows_max=ROWS_MAX)
    return int(text)


def row_json(row: Any) -> dict[str, Any]:
    fields = asdict(row)
    if "entries" in fields:
        fields["entries"] = [{"account": kind, "amount_minor": amount} for kind, amount in row.entries]
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in fields.items()}
