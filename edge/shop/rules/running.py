"""What every unit in the basket still costs while rules are applied, one after the other.

Rules answer with cuts; `take` is the one place that makes them come true, and it never lets a
unit fall below zero or below its product's floor. What does not fit is lost.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from operator import sub
from typing import Literal, NamedTuple

import msgspec

from edge.shop.basket import PIECE, Line
from edge.shop.money import OddCent, Rounding, extend, split


class Cut(msgspec.Struct, frozen=True, gc=False):
    """What to take off each unit of one line, in minor units, zero or more."""

    line: int
    units: tuple[int, ...]
    exact: Fraction | None = None
    """What the line costs then before it is rounded, where the bundle keeps that; None if the cut
    is all there is to say."""


class Picked(NamedTuple):
    """The units of one line that a rule may touch: their places in the line, ascending."""

    line: int
    units: Sequence[int]


Selection = Sequence[Picked]
"""The units a rule may touch, in the order of their lines; none of them is empty."""

PriceBase = Literal["remaining", "list"]
"""What a share is measured on: what is left after earlier rules, or the list price."""


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The price of each line and unit at one point of the computation."""

    lines: tuple[Line, ...]
    lists: tuple[int, ...]
    """What each line costs at list."""
    left: tuple[int, ...]
    """What each line still costs."""
    units: tuple[tuple[int, ...], ...]
    """What each unit of each line still costs; sums to `left`."""
    list_units: tuple[tuple[int, ...], ...]
    """What each unit of each line costs at list; sums to `lists`."""
    least: tuple[int, ...]
    """What no unit of each line may fall below: its product's floor, or nothing."""
    rounding: Rounding
    odd_cent: OddCent = "largest_remainder"
    exact: tuple[Fraction, ...] = ()
    """What each line costs before it is rounded, where the bundle keeps the base of percentages
    exact; otherwise empty."""

    # --- what a rule asks --------------------------------------------------------------------

    def prices(self, picked: Picked, of: PriceBase = "remaining") -> Sequence[int]:
        """Return what each picked unit costs, in the order of `picked.units`."""
        units = (self.list_units if of == "list" else self.units)[picked.line]
        return units if len(picked.units) == len(units) else [units[u] for u in picked.units]

    def cost(self, picked: Picked) -> int:
        """Return what the picked units of one line still cost together."""
        line, places = picked
        units = self.units[line]
        return self.left[line] if len(places) == len(units) else sum([units[u] for u in places])

    def amount(self, selection: Selection, of: PriceBase = "remaining") -> int:
        """Return what all picked units cost together."""
        if of == "remaining":
            return sum([self.cost(picked) for picked in selection])
        return sum([sum(self.prices(picked, of)) for picked in selection])

    def whole(self, picked: Picked) -> bool:
        """Tell whether all units of the line are picked."""
        return len(picked.units) == len(self.units[picked.line])

    # --- what a rule answers -----------------------------------------------------------------

    def cut(self, picked: Picked, offs: Sequence[int]) -> Cut:
        """Return the cut that takes `offs` off the picked units, in their order."""
        whole = len(self.units[picked.line])
        if len(picked.units) == whole:
            return Cut(picked.line, tuple(offs))
        units = [0] * whole
        for place, off in zip(picked.units, offs, strict=True):
            units[place] = off
        return Cut(picked.line, tuple(units))

    def spread(self, picked: Picked, amount: int) -> Cut:
        """Share `amount` over the picked units of one line, at most what they still cost."""
        line = picked.line
        units = self.units[line]
        if len(picked.units) != len(units):
            prices = self.prices(picked)
            most = min(amount, sum(prices))
            return self.cut(picked, split(most, prices, self.odd_cent))
        if amount >= self.left[line]:
            return Cut(line, units)
        if len(units) == 1:
            return Cut(line, (amount,))
        return Cut(line, tuple(split(amount, units, self.odd_cent)))

    def share(self, selection: Selection, amount: int) -> list[Cut]:
        """Share `amount` over lines and then over their units, at most what they still cost."""
        weights = [self.cost(picked) for picked in selection]
        shares = split(min(amount, sum(weights)), weights, self.odd_cent)
        return [
            Cut(picked[0], (part,))
            if len(self.units[picked[0]]) == 1
            else self.spread(picked, part)
            for picked, part in zip(selection, shares, strict=True)
            if part
        ]

    # --- what comes true ---------------------------------------------------------------------

    def take(self, cuts: Iterable[Cut]) -> tuple["Running", tuple[Cut, ...]]:
        """Return the prices after these cuts, and the cuts as they really were."""
        left, units, exact = list(self.left), list(self.units), list(self.exact)
        taken: list[Cut] = []
        for cut in cuts:
            line, wanted = cut.line, cut.units
            prices = units[line]
            room = prices if not self.least[line] else self.room(line, prices)
            real = wanted if wanted == room else tuple(map(min, wanted, room))
            off = sum(real)
            if exact:
                kept = cut.exact if real == wanted else None
                exact[line] = max(Fraction(0), exact[line] - off) if kept is None else kept
            if off:
                left[line] -= off
                units[line] = tuple(map(sub, prices, real))
                taken.append(cut if real == wanted else Cut(line, real))
        if not taken and not exact:
            return self, ()
        running = msgspec.structs.replace(
            self, left=tuple(left), units=tuple(units), exact=tuple(exact)
        )
        return running, tuple(taken)

    def room(self, line: int, prices: tuple[int, ...]) -> tuple[int, ...]:
        """Return how far each unit of a line may still fall from these prices."""
        least = self.least[line]
        return tuple([max(0, price - least) for price in prices]) if least else prices


def start(
    lines: tuple[Line, ...], rounding: Rounding, odd_cent: OddCent, *, exact: bool = False
) -> Running:
    """Return the prices before any rule: list. `exact` keeps the base of percentages exact."""
    lists = tuple([line.list_amount for line in lines])
    units = tuple([_units(line) for line in lines])
    return Running(
        lines=lines, lists=lists, left=lists, units=units, list_units=units,
        least=tuple([_least(line, rounding) for line in lines]),
        rounding=rounding, odd_cent=odd_cent,
        exact=tuple([Fraction(amount) for amount in lists]) if exact else (),
    )  # fmt: skip


def unit_price(line: Line, price: int, rounding: Rounding) -> int:
    """Return what one unit of a line costs at `price`: a piece, or the weighed line as a whole."""
    return price if line.product.unit == PIECE else extend(line.quantity, price, rounding)


def _units(line: Line) -> tuple[int, ...]:
    if line.units == 1:
        return (line.list_amount,)
    return (line.unit_price,) * line.units


def _least(line: Line, rounding: Rounding) -> int:
    floor = line.product.floor
    return unit_price(line, floor, rounding) if floor else 0
