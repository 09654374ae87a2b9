"""Money is a whole number of minor units; rounding it is declared and splitting it loses nothing.

Minor units follow the currency's exponent (ISO 4217: 2 for CNY, 0 for JPY, 3 for BHD).
Rates are whole basis points (1 % = 100). There is no float anywhere.
"""

from collections.abc import Sequence
from decimal import Decimal
from heapq import nsmallest
from typing import Literal

Rounding = Literal["half_up", "half_even", "down"]
"""half_up: away from zero at the half · half_even: to the even neighbour · down: towards zero."""

BASIS = 10_000
"""Basis points in one whole."""


def divide(numerator: int, denominator: int, rounding: Rounding = "half_up") -> int:
    """Return `numerator / denominator`, rounded once; `denominator` is above zero."""
    whole, rest = divmod(abs(numerator), denominator)
    if rounding == "half_up":
        whole += 2 * rest >= denominator
    elif rounding == "half_even":
        whole += 2 * rest + (whole & 1) > denominator
    return -whole if numerator < 0 else whole


def extend(quantity: Decimal, unit_price: int, rounding: Rounding = "half_up") -> int:
    """Return what an exact `quantity` costs at `unit_price`, rounded once."""
    numerator, denominator = quantity.as_integer_ratio()
    return divide(numerator * unit_price, denominator, rounding)


def percent(amount: int, basis_points: int, rounding: Rounding = "half_up") -> int:
    """Return so many basis points of `amount`."""
    return divide(amount * basis_points, BASIS, rounding)


def contained(gross: int, basis_points: int, rounding: Rounding = "half_up") -> int:
    """Return the tax at this rate that a tax-inclusive `gross` contains."""
    return divide(gross * basis_points, BASIS + basis_points, rounding)


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Share `amount` in proportion to `weights`; the shares sum to it exactly.

    The largest remainders get the odd units; ties go to the larger weight, then to the
    earlier place. A share never exceeds its weight while `amount` does not exceed their sum.
    Something can be shared only if a weight is above zero; no weight is below.
    """
    if amount < 0:
        return [-share for share in split(-amount, weights)]
    if not amount:
        return [0] * len(weights)
    least, most = min(weights), max(weights)
    assert least >= 0, "a weight is below zero"
    assert most > 0, "there is nothing to share by"
    if least == most:
        whole, odd = divmod(amount, len(weights))
        return [whole + 1] * odd + [whole] * (len(weights) - odd)
    return _largest_remainders(amount, weights)


def _largest_remainders(amount: int, weights: Sequence[int]) -> list[int]:
    total = sum(weights)
    shares = [amount * weight // total for weight in weights]
    odd = amount - sum(shares)
    if odd:
        rests = [(-(amount * weight % total), -weight, i) for i, weight in enumerate(weights)]
        for _, _, i in nsmallest(odd, rests):
            shares[i] += 1
    return shares


def format_minor(amount: int, exponent: int) -> str:
    """Return an amount as people write it: (1234, 2) is 12.34, (-5, 2) is -0.05, (7, 0) is 7."""
    sign = "-" if amount < 0 else ""
    if exponent == 0:
        return f"{sign}{abs(amount)}"
    digits = str(abs(amount)).zfill(exponent + 1)
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"
