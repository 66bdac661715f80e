"""What is cheaper for a while, and the coupons that make it so."""

from __future__ import annotations

from collections.abc import Mapping
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
from backend.carts.promotions import NewCoupon, NewPromotion
from backend.checkout.coupons import CODE
from backend.db.transaction import Transaction
from backend.errors import Refusal
from backend.inventory.tables import SKU
from backend.money import MINOR_MAX

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
    return answer(200, {"promotions": [present(row) for row in found]})


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
    at, member, asked = services(), current_staff(), read_json(PromotionBody)

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        if asked.store is None and member.role != "administrator":
            raise Refusal("role_missing")
        store_id = None if asked.store is None else duties.store_of(tx, member, asked.store).id
        new = NewPromotion(store_id=store_id, **asked.model_dump(exclude={"store"}))
        return {"id": promotions.create(tx, new, staff=member, ids=at.ids, now=now)}

    return stored(once_only(at, idempotency("promotions", owner=f"staff:{member.id}"), work))


@bp.delete("/promotions/<uuid:promotion_id>")
@staff_role(*duties.STOCK)
@describe(
    "End a promotion now; checkouts that are open keep it",
    answers={204: None},
    problems=("promotion_not_found",),
)
def delete_promotion(promotion_id: UUID) -> Response:
    at, member, now = services(), current_staff(), services().clock.now()
    at.run(lambda tx: promotions.end(tx, str(promotion_id), staff=member, ids=at.ids, now=now))
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
    at, member, asked = services(), current_staff(), read_json(NewCouponBody)

    def work(tx: Transaction, now: datetime) -> dict[str, Any]:
        new = NewCoupon(str(asked.promotion), asked.code, asked.uses_max, asked.per_shopper_max)
        return {"id": promotions.issue(tx, new, staff=member, ids=at.ids, now=now)}

    return stored(once_only(at, idempotency("coupons", owner=f"staff:{member.id}"), work))


def present(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if name not in ("coupons", "valid_from", "valid_to")}
    return {
        **plain,
        "valid_from": row["valid_from"].isoformat(),
        "valid_to": row["valid_to"] and row["valid_to"].isoformat(),
        "coupons": [
            {name: coupon[name] for name in ("id", "code", "uses", "uses_max", "per_shopper_max")}
            for coupon in row["coupons"]
        ],
    }
