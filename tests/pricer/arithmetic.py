"""Rounding a fraction, and sharing a sum."""

from collections.abc import Sequence
from fractions import Fraction

BASIS = 10_000


def rounded(exact: Fraction, mode: str) -> int:
    """Return a whole number: half_up (away from zero), half_even, or down (towards zero)."""
    if mode == "half_even":
        return round(exact)
    size = abs(exact) + (Fraction(1, 2) if mode == "half_up" else 0)
    whole = size.numerator // size.denominator
    return whole if exact >= 0 else -whole


def share_of(amount: int, basis_points: int) -> Fraction:
    return Fraction(amount * basis_points, BASIS)


def split(amount: int, weights: Sequence[int], odd_cent: str = "largest_remainder") -> list[int]:
    """Share `amount` in proportion to `weights`: all get their floor, then the odd ones go out.

    The largest remainders get one each (ties: the larger weight, then the earlier place); or the
    first places get one each; or the last place gets them all. No share exceeds its weight.
    """
    total = sum(weights)
    if total == 0:
        assert amount == 0, "nobody to share with"
        return [0] * len(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    shares = [share.numerator // share.denominator for share in exact]
    odd = amount - sum(shares)
    places = range(len(weights))
    if odd_cent == "largest_remainder":
        nearest = sorted(places, key=lambda i: (shares[i] - exact[i], -weights[i], i))
        for i in nearest[:odd]:
            shares[i] += 1
        return shares
    for i in places if odd_cent == "first" else reversed(places):
        more = min(odd, weights[i] - shares[i], 1 if odd_cent == "first" else odd)
        shares[i] += more
        odd -= more
    assert odd == 0, "more to share than there is room for"
    return shares
