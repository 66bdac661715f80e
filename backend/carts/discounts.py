"""What promotions take off a cart: pure arithmetic on whole minor units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from backend.money import divide_half_up, split

Kind = Literal["bundle", "n_for_m", "percent", "amount"]
ORDER: tuple[Kind, ...] = ("bundle", "n_for_m", "percent", "amount")  # in which they apply


@dataclass(frozen=True, slots=True)
class Promotion:
    """About the products of a bundle, one product, one category or, if none is named, the whole cart."""

    id: str
    kind: Kind
    name_en: str
    name_ar: str
    sku: str | None
    category_en: str | None
    percent_bp: int | None
    amount_minor: int | None  # off the sum of what it is about, once in a cart; what a bundle costs
    bundle: Mapping[str, int] | None  # pieces by sku
    take: int | None  # of so many pieces …
    pay: int | None  # … so many are paid, the dearest
    needs_coupon: bool


@dataclass(frozen=True, slots=True)
class Discount:
    id: str  # the promotion's
    name_en: str
    name_ar: str
    amount_minor: int
    by_coupon: bool
    shares: Mapping[str, int]  # line id → what is taken off that line


class Priced(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def sku(self) -> str: ...
    @property
    def category_en(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price_minor(self) -> int: ...
    @property
    def gross_minor(self) -> int: ...


def discounts(lines: Sequence[Priced], promotions: Sequence[Promotion]) -> tuple[Discount, ...]:
    """Each promotion works on what those before it left, those with a coupon last.

    Something is always left to pay: what costs nothing is not sold but given.
    """
    left = {line.id: line.gross_minor for line in lines}
    found = []
    for promotion in sorted(promotions, key=lambda p: (p.needs_coupon, ORDER.index(p.kind), p.id)):
        about = [line for line in lines if _is_about(promotion, line)]
        weights = [left[line.id] for line in about]
        amount = min(_worth(promotion, about, sum(weights)), sum(left.values()) - 1)
        if amount > 0:
            shares = dict(zip((line.id for line in about), split(amount, weights), strict=True))
            for line_id, share in shares.items():
                left[line_id] -= share
            found.append(_discount(promotion, amount, shares))
    return tuple(found)


def _discount(promotion: Promotion, amount_minor: int, shares: Mapping[str, int]) -> Discount:
    return Discount(
        id=promotion.id,
        name_en=promotion.name_en,
        name_ar=promotion.name_ar,
        amount_minor=amount_minor,
        by_coupon=promotion.needs_coupon,
        shares=shares,
    )


def _is_about(promotion: Promotion, line: Priced) -> bool:
    if promotion.bundle is not None:
        return line.sku in promotion.bundle
    return promotion.sku in (None, line.sku) and promotion.category_en in (None, line.category_en)


def _worth(promotion: Promotion, about: Sequence[Priced], left_minor: int) -> int:
    """Never more than `left_minor`, which the lines still cost."""
    if promotion.kind == "percent":
        assert promotion.percent_bp is not None
        return divide_half_up(left_minor * promotion.percent_bp, 10_000)
    if promotion.kind == "amount":
        assert promotion.amount_minor is not None
        return min(promotion.amount_minor, left_minor)
    return min(
        _bundled(promotion, about) if promotion.kind == "bundle" else _free(promotion, about), left_minor
    )


def _bundled(promotion: Promotion, about: Sequence[Priced]) -> int:
    """What all bundles that can be made of the lines cost less than their pieces."""
    assert promotion.bundle is not None
    assert promotion.amount_minor is not None
    by_sku = {line.sku: line for line in about}
    if by_sku.keys() != promotion.bundle.keys():
        return 0
    bundles = min(by_sku[sku].quantity // pieces for sku, pieces in promotion.bundle.items())
    apart_minor = sum(by_sku[sku].unit_price_minor * pieces for sku, pieces in promotion.bundle.items())
    return bundles * max(apart_minor - promotion.amount_minor, 0)


def _free(promotion: Promotion, about: Sequence[Priced]) -> int:
    """Of every `take` pieces, the cheapest beyond `pay`."""
    assert promotion.take is not None
    assert promotion.pay is not None
    pieces = sorted(line.unit_price_minor for line in about for _ in range(line.quantity))
    free = len(pieces) // promotion.take * (promotion.take - promotion.pay)
    return sum(pieces[:free])
