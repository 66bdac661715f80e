"""Which products are restricted, and how."""

from __future__ import annotations

from flask import Blueprint, Response
from pydantic import Field, model_validator

from backend.api import duties
from backend.api.auth import current_staff, services, staff_role
from backend.api.openapi import describe
from backend.api.products import known_form
from backend.api.reading import Body, answer, read_json
from backend.inventory.restrictions import restrict

bp = Blueprint("staff_products", __name__, url_prefix="/v1/staff/products")
LIMIT_MAX = 1_000_000


class Restricted(Body):
    """What is left out stays as it is; null lifts a limit."""

    active: bool = Field(default=True, description="false: withdrawn; carts that hold it cannot be paid")
    age_min: int | None = Field(default=None, ge=1, le=99, description="years")
    cart_max: int | None = Field(default=None, ge=1, le=LIMIT_MAX, description="pieces in a cart")
    day_max: int | None = Field(default=None, ge=1, le=LIMIT_MAX, description="pieces of a shopper in 24 h")

    @model_validator(mode="after")
    def says_something(self) -> Restricted:
        if not self.model_fields_set:
            raise ValueError("nothing to change")
        return self


@bp.patch("/<sku>")
@staff_role(*duties.STOCK)
@describe(
    "Withdraw a product, or limit its sale, in every store",
    body=Restricted,
    answers={200: Restricted},
    problems=("product_unknown",),
)
def patch_product(sku: str) -> Response:
    at, member = services(), current_staff()
    changes = read_json(Restricted).model_dump(exclude_unset=True)
    now = at.clock.now()
    return answer(
        200,
        at.run(lambda tx: restrict(tx, known_form(sku), changes, staff=member, ids=at.ids, now=now)),
    )
