"""Find a shopper, take cash, give a receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import Visit, page
from admin_panel.acts import new_act, once
from admin_panel.amounts import minor_from_text
from admin_panel.notices import refused, went_well
from backend.api import duties
from backend.api.auth import services
from backend.api.staff_wallet import NewTopUp, shopper_named, take_cash, uuid_from_text
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.shoppers import Shopper
from backend.ledger import accounts, statements


@dataclass(frozen=True, slots=True)
class Wallet:
    shopper: Shopper
    balance_minor: int

    @property
    def title(self) -> str:
        return self.shopper.display_name or self.shopper.login or self.shopper.id


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/people", view_func=people)
    bp.add_url_rule("/<store>/people/<uuid:shopper_id>/topup", view_func=top_up, methods=["POST"])
    bp.add_url_rule("/<store>/people/<uuid:shopper_id>/receipts/<uuid:reference>", view_func=receipt)


@page(*duties.TOP_UP)
def people(visit: Visit) -> tuple[str, int]:
    typed = request.args.get("shopper", "").strip()[:64]
    wallet = find(visit, typed) if typed else None
    return (
        render_template(
            "staff/people.html",
            typed=typed,
            wallet=wallet,
            not_found=bool(typed) and wallet is None,
            act=new_act(),
        ),
        404 if typed and wallet is None else 200,
    )


@page(*duties.TOP_UP)
def top_up(visit: Visit, shopper_id: object) -> AnyResponse:
    again = url_for(".people", store=visit.store.code, shopper=str(shopper_id))
    try:
        amount_minor = minor_from_text(request.form.get("amount", ""), visit.store.currency)
        asked = new_top_up(visit, str(shopper_id), amount_minor)
        done = take_cash(services(), visit.member, asked, once(visit, "topup", asked))
    except Refusal as refusal:
        return refused(again, refusal)
    reference = json.loads(done.body)["reference"]
    target = url_for(".receipt", store=visit.store.code, shopper_id=str(shopper_id), reference=reference)
    return went_well(target, "topped_up")


def new_top_up(visit: Visit, shopper_id: str, amount_minor: int) -> NewTopUp:
    try:
        return NewTopUp(store=visit.store.code, shopper=shopper_id, amount_minor=amount_minor)
    except ValidationError:
        raise Refusal("amount_out_of_range") from None


@page(*duties.TOP_UP)
def receipt(visit: Visit, shopper_id: object, reference: object) -> str:
    def read(tx: Transaction) -> tuple[Wallet, statements.StatementLine | None]:
        wallet = wallet_of(tx, visit, shopper_named(tx, str(shopper_id)))
        return wallet, statements.line_of(tx, wallet.shopper.id, visit.store.currency, str(reference))

    wallet, line = services().run.read(read)
    if line is None or line.kind != "topup":
        raise Refusal("not_found")
    return render_template("staff/receipt.html", wallet=wallet, line=line)


def find(visit: Visit, typed: str) -> Wallet | None:
    def read(tx: Transaction) -> Wallet | None:
        try:
            return wallet_of(tx, visit, shopper_named(tx, uuid_from_text(typed) or typed))
        except Refusal:
            return None

    return services().run.read(read)


def wallet_of(tx: Transaction, visit: Visit, shopper: Shopper) -> Wallet:
    return Wallet(shopper, accounts.balance(tx, shopper.id, visit.store.currency))
