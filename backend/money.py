"""Amounts as integers in minor units, and the VAT that is inside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import get_currency_precision

VAT_RATE_BP_MAX = 10_000
MINOR_MAX = 10**12  # of any amount that somebody sends


@dataclass(frozen=True, slots=True)
class Money:
    minor: int  # halalas for SAR; never a float
    currency: str  # ISO 4217

    def split_vat(self, rate_bp: int) -> tuple[Money, Money]:
        """(net, vat) of a gross amount; VAT is rounded half up and the two sum back exactly."""
        assert 0 <= rate_bp <= VAT_RATE_BP_MAX, rate_bp
        vat = divide_half_up(self.minor * rate_bp, 10_000 + rate_bp)
        return Money(self.minor - vat, self.currency), Money(vat, self.currency)


@dataclass(frozen=True, slots=True)
class GrossLine:
    """One line of a cart: gross amount in minor units, VAT rate in basis points."""

    gross_minor: int
    vat_rate_bp: int


def decimal_text(minor: int, currency: str) -> str:
    """115.00 for 11500 halalas: ASCII digits and a dot, as many decimals as the currency has."""
    return f"{Decimal(minor).scaleb(-get_currency_precision(currency)):f}"


def divide_half_up(numerator: int, denominator: int) -> int:
    """Integer division, halves away from zero; denominator > 0."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` in proportion to `weights` by the largest remainder, the earlier one first; no share beyond its weight.

    0 <= amount <= the sum of the weights, which is positive.
    """
    total = sum(weights)
    assert 0 <= amount <= total, (amount, total)
    shares = [amount * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in by_remainder[: amount - sum(shares)]:
        shares[i] += 1
    return shares


def vat_per_line(lines: Sequence[GrossLine]) -> list[int]:
    """VAT of each line in minor units.

    VAT is computed once per rate over the sum of the lines of that rate (half up) and handed to the lines by
    the largest remainder, the earlier line first: so the lines sum to what the receipt states per rate.
    """
    vat = [0] * len(lines)
    for rate in {line.vat_rate_bp for line in lines}:
        group = [i for i, line in enumerate(lines) if line.vat_rate_bp == rate]
        gross = sum(lines[i].gross_minor for i in group)
        due = divide_half_up(gross * rate, 10_000 + rate)
        for i in group:
            vat[i] = lines[i].gross_minor * rate // (10_000 + rate)
        by_remainder = sorted(group, key=lambda i: (-(lines[i].gross_minor * rate % (10_000 + rate)), i))
        for i in by_remainder[: due - sum(vat[i] for i in group)]:
            vat[i] += 1
    return vat


def first_pieces(paid_minor: int, vat_minor: int, quantity: int, pieces: int) -> tuple[int, int]:
    """(amount, VAT inside it) of the first `pieces` of a line of `quantity`, rounded down; all of them are the line.

    A refund is the difference of two such amounts: in whatever parts a line goes back, they sum to what was paid. The
    VAT follows the amount, so that no part holds more VAT than money.
    """
    assert 0 <= pieces <= quantity, (pieces, quantity)
    amount = paid_minor * pieces // quantity
    return amount, vat_minor * amount // paid_minor if paid_minor else 0


def vat_by_rate(lines: Iterable[tuple[int, int]]) -> dict[int, int]:
    """{rate in basis points: VAT in minor units} from (rate, VAT) of lines."""
    totals: dict[int, int] = {}
    for rate_bp, vat_minor in lines:
        totals[rate_bp] = totals.get(rate_bp, 0) + vat_minor
    return totals
