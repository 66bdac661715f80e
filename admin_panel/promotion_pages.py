"""What is cheaper for a while: the promotions of a store with their coupons, and the forms that make and end them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from admin_panel.access import Visit, page
from admin_panel.acts import new_act, once
from admin_panel.amounts import minor_from_text, pieces_from_text, whole_from_text
from admin_panel.notices import refused, went_well
from backend.api import duties, staff_promotions
from backend.api.auth import services
from backend.api.staff_promotions import MEANS, NewCouponBody, PromotionBody
from backend.carts.promotions import Listed, every
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory import products
from backend.inventory.products import Names

TYPED_CHARS_MAX = 600  # of a field that goes back into the form after a refusal
FIELDS = (
    *("name_en", "name_ar", "percent", "amount", "take", "pay", "bundle", "category", "sku"),
    *("begins", "ends", "needs_coupon", "everywhere"),
)


def add_to(bp: Blueprint) -> None:
    bp.add_url_rule("/<store>/promotions", view_func=promotions)
    kinds = ", ".join(MEANS)
    new = f"/<store>/promotions/new/<any({kinds}):kind>"
    bp.add_url_rule(new, view_func=new_promotion, methods=["GET", "POST"])
    one = "/<store>/promotions/<uuid:promotion_id>"
    bp.add_url_rule(f"{one}/end", view_func=end_promotion, methods=["POST"])
    bp.add_url_rule(f"{one}/coupon", view_func=new_coupon, methods=["POST"])


@page(*duties.STOCK)
def promotions(visit: Visit) -> str:
    at, now = services(), services().clock.now()

    def read(tx: Transaction) -> tuple[list[Listed], dict[str, Names]]:
        made = every(tx, staff=visit.member)
        here = [promotion for promotion in made if promotion.store_id in (None, visit.store.id)]
        return here, products.names(tx, {sku for promotion in here for sku in promotion.skus})

    here, names = at.run.read(read)
    current = [promotion for promotion in here if promotion.state(now) in ("running", "planned")]
    return render_template(
        "staff/promotions.html",
        current=current,
        past=[promotion for promotion in here if promotion not in current],
        names=names,
        now=now,
        kinds=list(MEANS),
        new_act=new_act,
    )


@page(*duties.STOCK)
def new_promotion(visit: Visit, kind: str) -> str | AnyResponse:
    """What was typed stays in the form when it is refused."""
    if request.method == "GET":
        categories = services().run.read(products.categories)
        begins = services().clock.now().astimezone(ZoneInfo(visit.store.timezone))
        return render_template(
            "staff/promotion.html", kind=kind, categories=categories, begins=begins, act=new_act()
        )
    try:
        asked = read_promotion(visit, kind)
        staff_promotions.create(services(), visit.member, asked, once(visit, "promotions", asked))
    except Refusal as refusal:
        kept: dict[str, Any] = {name: typed(name)[:TYPED_CHARS_MAX] or None for name in FIELDS}
        return refused(url_for(".new_promotion", store=visit.store.code, kind=kind, **kept), refusal)
    return went_well(here_of(visit), "promotion_made")


@page(*duties.STOCK)
def end_promotion(visit: Visit, promotion_id: UUID) -> AnyResponse:
    try:
        staff_promotions.end(services(), visit.member, str(promotion_id))
    except Refusal as refusal:
        return refused(here_of(visit), refusal)
    return went_well(here_of(visit), "said_promotion_ended")


@page(*duties.STOCK)
def new_coupon(visit: Visit, promotion_id: UUID) -> AnyResponse:
    try:
        asked = NewCouponBody(
            promotion=promotion_id,
            code=typed("code").upper(),
            uses_max=pieces(typed("uses_max")),
            per_shopper_max=pieces(typed("per_shopper_max")),
        )
        staff_promotions.issue(services(), visit.member, asked, once(visit, "coupons", asked))
    except ValidationError:
        return refused(here_of(visit), Refusal("coupon_unreadable"))
    except Refusal as refusal:
        return refused(here_of(visit), refusal)
    return went_well(here_of(visit), "coupon_made", code=asked.code)


def read_promotion(visit: Visit, kind: str) -> PromotionBody:
    """Raises Refusal promotion_unreadable, amount_unreadable, pieces_unreadable, bundle_unreadable, day_malformed."""
    zone = ZoneInfo(visit.store.timezone)
    fields = {
        "store": None if typed("everywhere") else visit.store.code,
        "kind": kind,
        "name_en": typed("name_en"),
        "name_ar": typed("name_ar"),
        "sku": typed("sku").upper() or None,
        "category_en": typed("category") or None,
        "needs_coupon": bool(typed("needs_coupon")),
        "valid_from": moment(typed("begins"), zone),
        "valid_to": moment(typed("ends"), zone) if typed("ends") else None,
        **READ[kind](visit.store.currency),
    }
    try:
        return PromotionBody.model_validate(fields)
    except ValidationError:
        raise Refusal("promotion_unreadable") from None


# What only promotions of a kind have; takes a currency.
READ: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "percent": lambda _: {"percent_bp": whole_from_text(typed("percent"), decimals=2)},
    "amount": lambda currency: {"amount_minor": minor_from_text(typed("amount"), currency)},
    "n_for_m": lambda _: {"take": pieces(typed("take")), "pay": pieces(typed("pay"))},
    "bundle": lambda currency: {
        "bundle": bundle(typed("bundle")),
        "amount_minor": minor_from_text(typed("amount"), currency),
    },
}


def typed(name: str) -> str:
    return request.form.get(name, "").strip()


def pieces(text: str) -> int:
    """Raises Refusal pieces_unreadable."""
    return pieces_from_text(text, digits_max=10)


def bundle(text: str) -> dict[str, int]:
    """Pieces by sku, from a line for each product. Raises Refusal bundle_unreadable, pieces_unreadable."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        match line.upper().split():
            case [sku, count] if sku not in found:
                found[sku] = pieces(count)
            case [_, *_]:
                raise Refusal("bundle_unreadable")
    return found


def moment(text: str, zone: ZoneInfo) -> datetime:
    """Raises Refusal day_malformed."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        raise Refusal("day_malformed") from None


def here_of(visit: Visit) -> str:
    return url_for(".promotions", store=visit.store.code)
