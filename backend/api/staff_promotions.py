"""What is cheaper for a while, and the coupons that make it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, Response
from pydantic import AwareDatetime, Field, model_validator

from backend.api import duties
from backend.api.acts import once_only
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.reading import Body, answer, idempotency, read_json, stored
from backend.carts import promotions
from backend.carts.discounts import Kind
from backend.carts.promotions import Listed, NewCoupon, NewPromotion
from backend.checkout.coupons import CODE
from backend.db.idempotency import Answer, Once
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.identity.staff import StaffMember
from backend.inventory.tables import SKU
from backend.money import MINOR_MAX
from backend.wiring import Services

bp = Blueprint("staff_promotions", __name__, url_prefix="/v1/staff")
PIECES_MAX = 100  # no cart holds more
USES_MAX = 1_000_000_000
MEANS: Mapping[Kind, set[str]] = {  # what a promotion of each kind needs, and no other may have
    "percent": {"percent_bp"},
    "amount": {"amount_minor"},
    "n_for_m": {"take", "pay"},
    "bundle": {"bundle", "amount_minor"},
}
BUNDLE_MAX = 20  # products
Sku = Annotated[str, Field(min_length=1, max_length=SKU)]
Pieces = Annotated[int, Field(ge=1, le=PIECES_MAX)]
When = Annotated[AwareDatetime, Field(strict=False)]


class PromotionBody(Body):
    store: str | None = Field(max_length=4, description="Store code; null: every store, for administrators")
    kind: Kind
    name_en: str = Field(min_length=1, max_length=80)
    name_ar: str = Field(min_length=1, max_length=80)
    sku: str | None = Field(default=None, min_length=1, max_length=SKU)
    category_en: str | None = Field(default=None, min_length=1, max_length=60)
    percent_bp: int | None = Field(default=None, ge=1, le=10_000)
    amount_minor: int | None = Field(default=None, ge=1, le=MINOR_MAX)
    bundle: dict[Sku, Pieces] | None = Field(
        default=None,
        min_length=1,
        max_length=BUNDLE_MAX,
        description="pieces by sku, which cost amount_minor together",
        examples=[{"TEA": 2, "DATES": 1}],
    )
    take: int | None = Field(default=None, ge=2, le=PIECES_MAX)
    pay: int | None = Field(default=None, ge=1, le=PIECES_MAX)
    needs_coupon: bool = False
    valid_from: When
    valid_to: When | None = None

    @model_validator(mode="after")
    def says_one_thing(self) -> PromotionBody:
        given = {name for names in MEANS.values() for name in names if getattr(self, name) is not None}
        if given != MEANS[self.kind]:
            raise ValueError(f"{self.kind} needs {' and '.join(sorted(MEANS[self.kind]))}, nothing else")
        if self.pay is not None and self.take is not None and self.pay >= self.take:
            raise ValueError("pay is less than take")
        if sum(name is not None for name in (self.sku, self.category_en, self.bundle)) > 1:
            raise ValueError("a product, a category or a bundle, not two of them")
        if self.bundle is not None and sum(self.bundle.values()) == 1:
            raise ValueError("a bundle is more than one piece")
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is after valid_from")
        return self


class NewCouponBody(Body):
    promotion: Annotated[UUID, Field(strict=False)]
    code: str = Field(pattern=f"^{CODE}$", examples=["WELCOME-10"])
    uses_max: int = Field(ge=1, le=USES_MAX)
    per_shopper_max: int = Field(default=1, ge=1, le=1_000)


class Made(Body):
    id: str


@bp.get("/promotions")
@staff_role(*duties.STOCK)
@describe("Promotions and their coupons, the newest first", answers={200: "application/json"})
def get_promotions() -> Response:
    member = current_staff()
    found = services().run.read(lambda tx: promotions.every(tx, staff=member))
    return answer(200, {"promotions": [present(promotion) for promotion in found]})


@bp.post("/promotions")
@staff_role(*duties.STOCK)
@describe(
    "Make something cheaper for a while",
    body=PromotionBody,
    answers={201: Made},
    problems=("store_unknown", "product_unknown"),
    idempotent=True,
)
def post_promotion() -> Response:
    member, asked = current_staff(), read_json(PromotionBody)
    return stored(create(services(), member, asked, idempotency("promotions", owner=f"staff:{member.id}")))


@bp.delete("/promotions/<uuid:promotion_id>")
@staff_role(*duties.STOCK)
@describe(
    "End a promotion now; checkouts that are open keep it",
    answers={204: None},
    problems=("promotion_not_found",),
)
def delete_promotion(promotion_id: UUID) -> Response:
    end(services(), current_staff(), str(promotion_id))
    return answer(204)


@bp.post("/coupons")
@staff_role(*duties.STOCK)
@describe(
    "A coupon for a promotion that needs one, with its limits",
    body=NewCouponBody,
    answers={201: Made},
    problems=("promotion_not_found", "coupon_exists"),
    idempotent=True,
)
def post_coupon() -> Response:
    member, asked = current_staff(), read_json(NewCouponBody)
    return stored(issue(services(), member, asked, idempotency("coupons", owner=f"staff:{member.id}")))


def create(at: Services, member: StaffMember, asked: PromotionBody, once: Once) -> Answer:
    """Raises Refusal role_missing, store_unknown, product_unknown."""

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        if asked.store is None and member.role not in duties.EVERY_STORE:
            raise Refusal("role_missing")
        store_id = None if asked.store is None else duties.store_of(tx, member, asked.store).id
        new = NewPromotion(store_id=store_id, **asked.model_dump(exclude={"store"}))
        return {"id": promotions.create(tx, new, staff=member, ids=at.ids, now=now)}

    return once_only(at, once, work)


def end(at: Services, member: StaffMember, promotion_id: str) -> None:
    """Raises Refusal promotion_not_found."""
    at.run(lambda tx: promotions.end(tx, promotion_id, staff=member, ids=at.ids, now=at.clock.now()))


def issue(at: Services, member: StaffMember, asked: NewCouponBody, once: Once) -> Answer:
    """Raises Refusal promotion_not_found, coupon_exists."""

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        new = NewCoupon(str(asked.promotion), asked.code, asked.uses_max, asked.per_shopper_max)
        return {"id": promotions.issue(tx, new, staff=member, ids=at.ids, now=now)}

    return once_only(at, once, work)


def present(promotion: Listed) -> dict[str, Any]:
    until = promotion.valid_to
    return {
        **asdict(promotion),
        "valid_from": promotion.valid_from.isoformat(),
        "valid_to": until and until.isoformat(),
    }
