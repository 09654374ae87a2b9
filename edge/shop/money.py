"""Money is a whole number of minor units; rounding it is declared and splitting it loses nothing.

Minor units follow the currency's exponent (ISO 4217: 2 for CNY, 0 for JPY, 3 for BHD).
Rates are whole basis points (1 % = 100). There is no float anywhere.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

Rounding = Literal["half_up", "half_even", "down"]
"""half_up: away from zero at the half · half_even: to the even neighbour · down: towards zero."""

OddCent = Literal["largest_remainder", "first", "last"]
"""Who gets the units that a split leaves over: the largest remainders, the first places, or
the last place."""

BASIS = 10_000
"""Basis points in one whole."""


def divide(numerator: int, denominator: int, rounding: Rounding = "half_up") -> int:
    """Return `numerator / denominator`, rounded once; `denominator` is above zero."""
    size = abs(numerator)
    if rounding == "half_up":
        whole = (2 * size + denominator) // (2 * denominator)
    else:
        whole, rest = divmod(size, denominator)
        if rounding == "half_even":
            whole += 2 * rest + (whole & 1) > denominator
    return -whole if numerator < 0 else whole


def extend(quantity: Decimal, unit_price: int, rounding: Rounding = "half_up") -> int:
    """Return what an exact `quantity` costs at `unit_price`, rounded once."""
    numerator, denominator = quantity.as_integer_ratio()
    if denominator == 1:
        return numerator * unit_price
    return divide(numerator * unit_price, denominator, rounding)


def percent(amount: int, basis_points: int, rounding: Rounding = "half_up") -> int:
    """Return so many basis points of `amount`."""
    return divide(amount * basis_points, BASIS, rounding)


def contained(gross: int, basis_points: int, rounding: Rounding = "half_up") -> int:
    """Return the tax at this rate that a tax-inclusive `gross` contains."""
    return divide(gross * basis_points, BASIS + basis_points, rounding)


def split(
    amount: int, weights: Sequence[int], odd_cent: OddCent = "largest_remainder"
) -> list[int]:
    """Share `amount` in proportion to `weights`; the shares sum to it exactly.

    The largest remainders get the odd units; ties go to the larger weight, then to the
    earlier place. Declared otherwise, the first places get one each, or the last place gets
    them all, as far as weights reach. A share never exceeds its weight while `amount` does not
    exceed their sum.
    Something can be shared only if a weight is above zero; no weight is below.
    """
    if amount < 0:
        return [-share for share in split(-amount, weights, odd_cent)]
    if not amount:
        return [0] * len(weights)
    least, most = min(weights), max(weights)
    assert least >= 0, "a weight is below zero"
    assert most > 0, "there is nothing to share by"
    if odd_cent != "largest_remainder":
        return _by_place(amount, weights, odd_cent)
    if least == most:
        whole, odd = divmod(amount, len(weights))
        return [whole + 1] * odd + [whole] * (len(weights) - odd)
    return _largest_remainders(amount, weights)


def _largest_remainders(amount: int, weights: Sequence[int]) -> list[int]:
    total = sum(weights)
    shares = [amount * weight // total for weight in weights]
    odd = amount - sum(shares)
    if odd:
        rests = [amount * weight % total for weight in weights]
        # The largest come first, so that places count downwards for the earlier to win a tie.
        places = range(len(weights) - 1, -1, -1)
        for _, _, place in sorted(zip(rests, weights, places, strict=True), reverse=True)[:odd]:
            shares[-1 - place] += 1
    return shares


def _by_place(amount: int, weights: Sequence[int], odd_cent: OddCent) -> list[int]:
    """Floor every share; the first or the last places take what is left, each up to its weight."""
    total = sum(weights)
    shares = [amount * weight // total for weight in weights]
    odd = amount - sum(shares)
    places = range(len(weights)) if odd_cent == "first" else range(len(weights) - 1, -1, -1)
    capped = amount <= total
    for i in places:
        if not weights[i]:
            continue
        more = min(odd, weights[i] - shares[i]) if capped else odd
        if odd_cent == "first":
            more = min(more, 1)
        shares[i] += more
        odd -= more
    assert not odd, "the odd units fit where there is weight"
    return shares


def format_minor(amount: int, exponent: int) -> str:
    """Return an amount as people write it: (1234, 2) is 12.34, (-5, 2) is -0.05, (7, 0) is 7."""
    sign = "-" if amount < 0 else ""
    if exponent == 0:
        return f"{sign}{abs(amount)}"
    digits = str(abs(amount)).zfill(exponent + 1)
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"
