"""The shopper's own money."""

from __future__ import annotations

from flask import Blueprint, Response
from pydantic import BaseModel

from backend.api.auth import current_shopper, services, shopper
from backend.api.openapi import describe
from backend.api.reading import answer
from backend.ledger.accounts import balance
from backend.ledger.statements import wallet_entries

bp = Blueprint("wallet", __name__, url_prefix="/v1")
CURRENCY = "SAR"  # wallets hold the currency of the stores; one for now


class WalletEntry(BaseModel):
    id: str
    at: str
    kind: str
    amount_minor: int
    reference: str


class Wallet(BaseModel):
    balance_minor: int
    currency: str
    entries: list[WalletEntry]


@bp.get("/wallet")
@shopper
@describe("Balance and newest entries of the own wallet", answers={200: Wallet})
def get_wallet() -> Response:
    who, at = current_shopper(), services()
    have, lines = at.run.read(
        lambda tx: (balance(tx, who.shopper_id, CURRENCY), wallet_entries(tx, who.shopper_id, CURRENCY))
    )
    entries = [
        {
            "id": line.id,
            "at": line.at.isoformat(),
            "kind": line.kind,
            "amount_minor": line.amount_minor,
            "reference": line.reference,
        }
        for line in lines
    ]
    return answer(200, {"balance_minor": have, "currency": CURRENCY, "entries": entries})
