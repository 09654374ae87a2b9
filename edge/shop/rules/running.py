"""What every unit in the basket still costs while rules are applied, one after the other.

Rules answer with cuts; `take` is the one place that makes them come true, and it never lets a
unit fall below zero or below its product's floor. What does not fit is lost.
"""

from collections.abc import Iterable, Sequence
from operator import sub
from typing import NamedTuple

import msgspec

from edge.shop.basket import PIECE, Line
from edge.shop.money import Rounding, extend, split


class Cut(NamedTuple):
    """What to take off each unit of one line, in minor units, zero or more."""

    line: int
    units: tuple[int, ...]


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The price of each line and unit at one point of the computation."""

    lines: tuple[Line, ...]
    lists: tuple[int, ...]
    """What each line costs at list."""
    left: tuple[int, ...]
    """What each line still costs."""
    units: tuple[tuple[int, ...], ...]
    """What each unit of each line still costs; sums to `left`."""
    rounding: Rounding

    def take(self, cuts: Iterable[Cut]) -> tuple["Running", tuple[Cut, ...]]:
        """Return the prices after these cuts, and the cuts as they really were."""
        left, units = list(self.left), list(self.units)
        taken: list[Cut] = []
        for line, wanted in cuts:
            room = self._room(line, units[line])
            real = tuple(map(min, wanted, room))
            off = sum(real)
            if off:
                left[line] -= off
                units[line] = tuple(map(sub, units[line], real))
                taken.append(Cut(line, real))
        if not taken:
            return self, ()
        after = Running(
            lines=self.lines,
            lists=self.lists,
            left=tuple(left),
            units=tuple(units),
            rounding=self.rounding,
        )
        return after, tuple(taken)

    def _room(self, line: int, prices: tuple[int, ...]) -> tuple[int, ...]:
        """Return how far each unit of a line may still fall."""
        floor = self.lines[line].product.floor
        if floor is None:
            return prices
        least = unit_price(self.lines[line], floor, self.rounding)
        return tuple([max(0, price - least) for price in prices])

    def base(self, line: int, of: str) -> int:
        """Return what a percentage of this line is measured on: `list` or `remaining`."""
        return self.lists[line] if of == "list" else self.left[line]

    def spread(self, line: int, amount: int) -> Cut:
        """Share `amount` over the units of one line, at most what they still cost."""
        units, most = self.units[line], min(amount, self.left[line])
        return Cut(line, (most,) if len(units) == 1 else tuple(split(most, units)))

    def share(self, lines: Sequence[int], amount: int) -> list[Cut]:
        """Share `amount` over lines and then over their units, at most what they still cost."""
        weights = [self.left[i] for i in lines]
        shares = split(min(amount, sum(weights)), weights)
        return [self.spread(i, part) for i, part in zip(lines, shares, strict=True) if part]


def start(lines: tuple[Line, ...], rounding: Rounding) -> Running:
    """Return the prices before any rule: list."""
    lists = tuple([line.list_amount for line in lines])
    return Running(
        lines=lines,
        lists=lists,
        left=lists,
        units=tuple([_units(line) for line in lines]),
        rounding=rounding,
    )


def unit_price(line: Line, price: int, rounding: Rounding) -> int:
    """Return what one unit of a line costs at `price`: a piece, or the weighed line as a whole."""
    return price if line.product.unit == PIECE else extend(line.quantity, price, rounding)


def _units(line: Line) -> tuple[int, ...]:
    if line.units == 1:
        return (line.list_amount,)
    return (line.unit_price,) * line.units
