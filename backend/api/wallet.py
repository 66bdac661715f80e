"""The shopper's own money."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from backend.api.acts import once_only
from backend.api.auth import current_shopper, services, shopper
from backend.api.openapi import describe
from backend.api.reading import Body, answer, idempotency, read_json, stored
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.ledger import statements
from backend.ledger.accounts import balance
from backend.ledger.statements import PAGE_MAX, StatementLine
from backend.ledger.voucher_codes import read_code
from backend.ledger.vouchers import Redeem, redeem

bp = Blueprint("wallet", __name__, url_prefix="/v1")
CURRENCY = "SAR"  # wallets hold the currency of the stores; one for now


class WalletEntry(BaseModel):
    id: str
    at: str
    kind: str
    amount_minor: int
    balance_minor: int  # after it
    reference: str


class Wallet(BaseModel):
    balance_minor: int
    currency: str
    entries: list[WalletEntry]  # newest first
    next: str | None


class VoucherCode(Body):
    code: str = Field(min_length=1, max_length=64, description="As typed", examples=["7K3QX-…"])


class RedeemedAnswer(BaseModel):
    posting_id: str
    value_minor: int
    balance_minor: int
    currency: str


@bp.get("/wallet")
@shopper
@describe(
    "Balance of the own wallet and what moved it, newest first",
    query={"after": "`next` of the page before; none for the newest.", "limit": f"1 to {PAGE_MAX} entries."},
    answers={200: Wallet},
    problems=("cursor_malformed",),
)
def get_wallet() -> Response:
    who, at = current_shopper(), services()
    after, limit = id_from_text(request.args.get("after", "")), limit_from_text(request.args.get("limit", ""))

    def read(tx: Transaction) -> tuple[int, statements.Page]:
        page = statements.page(tx, who.shopper_id, CURRENCY, after=after, limit=limit)
        return balance(tx, who.shopper_id, CURRENCY), page

    have, page = at.run.read(read)
    entries = [entry_json(line) for line in page.lines]
    return answer(200, {"balance_minor": have, "currency": CURRENCY, "entries": entries, "next": page.next})


@bp.get("/wallet/statement.csv")
@shopper
@describe("Everything that moved the own wallet, oldest first", answers={200: "text/csv"})
def get_statement() -> Response:
    who, at = current_shopper(), services()
    text = at.run.read(lambda tx: statements.statement_csv(tx, who.shopper_id, CURRENCY))
    disposition = 'attachment; filename="wallet-statement.csv"'
    return Response(
        text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition}
    )


@bp.post("/wallet/vouchers")
@shopper
@describe(
    "Turn a voucher into money in the own wallet",
    body=VoucherCode,
    answers={201: RedeemedAnswer},
    problems=("voucher_unknown", "voucher_used_up", "voucher_used", "voucher_over"),
    idempotent=True,
)
def post_voucher() -> Response:
    who, at = current_shopper(), services()
    command = Redeem(read_code(read_json(VoucherCode).code), who.shopper_id)
    once = idempotency("voucher", owner=who.shopper_id)

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        return asdict(redeem(tx, command, ids=at.ids, now=now))

    return stored(once_only(at, once, work))


def entry_json(line: StatementLine) -> dict[str, Any]:
    return {**asdict(line), "at": line.at.isoformat()}


def id_from_text(text: str) -> str | None:
    """Raises Refusal cursor_malformed."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        raise Refusal("cursor_malformed") from None


def limit_from_text(text: str) -> int:
    """Raises Refusal cursor_malformed."""
    if not text:
        return PAGE_MAX
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= PAGE_MAX):
        raise Refusal("cursor_malformed")
    return int(text)
