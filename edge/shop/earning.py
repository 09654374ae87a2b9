"""What a receipt earns, as arithmetic: exact fractions, floored once, shared over units.

Stages: what money, units and the visit earn (base), times the factor of the tier, times the
factors of campaigns. Everything stays an exact fraction until the last floor.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from math import gcd, lcm, prod
from typing import Literal, NamedTuple

import msgspec

from edge.shop.money import BASIS, split

Combining = Literal["multiply", "add"]
"""Factors 2 and 3 are 6, or 4: each adds what it is above 1."""

Flooring = Literal["last", "before_multiplier"]
"""Where points become whole: once per receipt at the end, or before that also what each rule
earns by itself, before its factors."""

UnitPoints = tuple[tuple[int, ...], ...]
"""The points of each unit of each line."""


class Ratio(NamedTuple):
    """An exact fraction; `denominator` is above zero."""

    numerator: int
    denominator: int = 1


ONE = Ratio(1)


class RatedLine(msgspec.Struct, frozen=True, gc=False):
    """A line that one rule rewards: which of its units (ascending), and times what."""

    line: int
    units: Sequence[int]
    factor: Ratio = ONE


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule gives on one receipt: `points` for each `per` of what it counts.

    of: money (minor units that earn), unit (pieces; a weighed line is one) or visit (once, if
    there is a line at all; `per` is 1). `nets` replaces what units cost in the end as what they
    count for. At most `cap` points come of it, factors included.
    """

    points: int
    per: int = 1
    of: Literal["money", "unit", "visit"] = "money"
    lines: tuple[RatedLine, ...]
    nets: Sequence[Sequence[int]] | None = None
    cap: int | None = None


def earned(
    unit_nets: Sequence[Sequence[int]],
    rates: Sequence[Rate],
    *,
    paid_share: tuple[int, int] = ONE,
    flooring: Flooring = "last",
) -> UnitPoints:
    """Return the points that each unit of each line earns.

    `unit_nets` is what each unit costs in the end, in minor units; a unit that was paid in a way
    that earns nothing counts 0. `paid_share` (numerator, denominator) is the part of the receipt
    that was paid with what earns; it scales what money earns, not units and visits.

    All rates add up as exact fractions; the sum is floored once and shared over the units in
    proportion to what each earned exactly, by largest remainder (ties: the larger, then line and
    unit order).
    """
    parts = [_part(rate, unit_nets, Ratio(*paid_share), flooring) for rate in rates]
    starts = _starts(unit_nets)
    if len(parts) == 1 and _complete(rates[0].lines, unit_nets):
        return _floored(parts[0].flat(), 1, parts[0].denominator, starts)
    whole = lcm(*[part.denominator for part in parts])
    exact = [0] * starts[-1]
    for rate, part in zip(rates, parts, strict=True):
        scale = whole // part.denominator
        for rated, counts, times in zip(rate.lines, part.counts, part.times, strict=True):
            start, each = starts[rated.line], times * scale
            for unit, count in zip(rated.units, counts, strict=True):
                exact[start + unit] += count * each
    return _floored(exact, 1, whole, starts)


@lru_cache(maxsize=1_024)
def combined(factors: tuple[int, ...], how: Combining = "multiply") -> Ratio:
    """Return factors in basis points (20000 is double) as one, reduced. It is never below zero."""
    if how == "add":
        times, whole = max(0, BASIS + sum([factor - BASIS for factor in factors])), BASIS
    else:
        times, whole = prod(factors), BASIS ** len(factors)
    common = gcd(times, whole)
    return Ratio(times // common, whole // common)


_Counts = list[Sequence[int]]
"""A number for each unit that a rate rewards, line by line as the rate names them."""


class _Part(NamedTuple):
    """What one rate gives: each count, times its line's `times`, over one denominator."""

    counts: _Counts
    times: list[int]
    denominator: int

    def flat(self) -> list[int]:
        """Return what each unit earns, over the denominator, as the rate names them."""
        rows = zip(self.counts, self.times, strict=True)
        return [count * times for counts, times in rows for count in counts]


def _part(rate: Rate, unit_nets: Sequence[Sequence[int]], paid: Ratio, flooring: Flooring) -> _Part:
    """Return what one rate gives; above its cap, all of it shrinks in proportion."""
    counts, points, per = _counted(rate, unit_nets, paid)
    if flooring == "before_multiplier":
        flat = [*chain.from_iterable(counts)]
        counts, points, per = [*_floored(flat, points, per, _starts(counts))], 1, 1
    factors = [rated.factor for rated in rate.lines]
    whole = lcm(*[factor.denominator for factor in factors])
    times = [points * factor.numerator * (whole // factor.denominator) for factor in factors]
    denominator = per * whole
    if rate.cap is not None:
        total = sum([sum(ours) * each for ours, each in zip(counts, times, strict=True)])
        if total > rate.cap * denominator:
            return _Part(counts, [each * rate.cap for each in times], total)
    return _Part(counts, times, denominator)


def _counted(
    rate: Rate, unit_nets: Sequence[Sequence[int]], paid: Ratio
) -> tuple[_Counts, int, int]:
    """Return what each unit counts for, and how many points that is for how much.

    A visit is shared in proportion to what the units cost, evenly if they cost nothing.
    """
    if rate.of == "unit":
        return _even(rate), rate.points, rate.per
    nets = unit_nets if rate.nets is None else rate.nets
    counted = _counted_for(rate.lines, nets)
    if rate.of == "money":
        return counted, rate.points * paid.numerator, rate.per * paid.denominator
    shared = counted if any(map(any, counted)) else _even(rate)
    return shared, rate.points, max(1, sum(map(sum, shared)))


def _counted_for(lines: Sequence[RatedLine], nets: Sequence[Sequence[int]]) -> _Counts:
    """Return what the units that a rate rewards cost."""
    if _complete(lines, nets):
        return [*nets]
    return [[nets[each.line][unit] for unit in each.units] for each in lines]


def _complete(lines: Sequence[RatedLine], nets: Sequence[Sequence[int]]) -> bool:
    """Tell whether these are all lines, in their order and with all units."""
    if [each.line for each in lines] != [*range(len(nets))]:
        return False
    return [len(each.units) for each in lines] == [*map(len, nets)]


def _even(rate: Rate) -> _Counts:
    return [[1] * len(rated.units) for rated in rate.lines]


def _starts(lines: Iterable[Sequence[int]]) -> list[int]:
    """Return where the units of each line stand if all stand in one row, and how many there are."""
    return [*accumulate(map(len, lines), initial=0)]


def _floored(flat: Sequence[int], points: int, per: int, starts: Sequence[int]) -> UnitPoints:
    """Return `points` for each `per` of all counts, floored and shared by largest remainder."""
    shares = tuple(split(sum(flat) * points // per, flat))
    return tuple([shares[start:end] for start, end in pairwise(starts)])
