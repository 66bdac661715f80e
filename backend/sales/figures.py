"""What is said about a time of a store.

An order counts on the day and in the hour in which it was paid for, whatever became of it; a refund counts on
the day on which the money went back. So the gross of the hours, the gross of the products and the payments in
the ledger are one sum, and a day that is over does not change any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class HourSales:
    begins_at: datetime  # on the store's clocks
    orders: int = 0
    gross_minor: int = 0  # paid, VAT included, discounts taken off
    discount_minor: int = 0


@dataclass(frozen=True, slots=True)
class ProductSales:
    sku: str
    name_en: str
    name_ar: str
    pieces: int
    gross_minor: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    orders: int = 0
    gross_minor: int = 0  # paid, VAT included, discounts taken off
    discount_minor: int = 0
    vat_minor: int = 0  # the VAT inside the gross
    refunds: int = 0
    refunds_minor: int = 0  # paid back, VAT included
    refunds_vat_minor: int = 0  # the VAT inside the refunds

    @property
    def net_minor(self) -> int:
        """What stays with the store: without VAT, after refunds."""
        return self.gross_minor - self.vat_minor - (self.refunds_minor - self.refunds_vat_minor)


@dataclass(frozen=True, slots=True)
class DaySales:
    day: date
    totals: Totals
    hours: tuple[HourSales, ...]


def sum_totals(parts: Iterable[Totals]) -> Totals:
    return Totals(*(sum(values) for values in zip(astuple(Totals()), *map(astuple, parts), strict=True)))


def sum_products(parts: Iterable[ProductSales]) -> tuple[ProductSales, ...]:
    """One for each sku, highest gross first."""
    by_sku: dict[str, ProductSales] = {}
    for part in parts:
        known = by_sku.get(part.sku)
        by_sku[part.sku] = part if known is None else _both(known, part)
    return tuple(sorted(by_sku.values(), key=lambda product: (-product.gross_minor, product.sku)))


def _both(one: ProductSales, other: ProductSales) -> ProductSales:
    return ProductSales(
        one.sku,
        max(one.name_en, other.name_en),  # a product that was renamed is one row
        max(one.name_ar, other.name_ar),
        one.pieces + other.pieces,
        one.gross_minor + other.gross_minor,
        one.vat_minor + other.vat_minor,
    )
