"""What every unit in the basket still costs while rules are applied, one after the other.

Rules answer with cuts. `fitting` is the one place that sees to it that no unit falls below zero or
below its product's floor: what does not fit is lost. `take` makes cuts come true. It lowers the
prices in place; where two ways are to be followed, `copy` parts them.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from operator import le, sub
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


class Running(msgspec.Struct, kw_only=True):
    """The price of each line and unit at one point of the computation; `take` lowers them."""

    lines: tuple[Line, ...]
    everything: Sequence[Picked]
    """Every line with all its units."""
    lists: tuple[int, ...]
    """What each line costs at list."""
    left: list[int]
    """What each line still costs."""
    payable: int
    """What everything still costs together."""
    units: list[tuple[int, ...]]
    """What each unit of each line still costs; sums to `left`."""
    least: Sequence[int]
    """What no unit of each line may fall below: its product's floor, or nothing."""
    rounding: Rounding
    odd_cent: OddCent = "largest_remainder"
    exact: list[Fraction] = []
    """What each line costs before it is rounded, where the bundle keeps the base of percentages
    exact; otherwise empty."""

    def copy(self) -> "Running":
        """Return the same prices, to be lowered on their own."""
        return msgspec.structs.replace(
            self, left=[*self.left], units=[*self.units], exact=[*self.exact]
        )

    # --- what a rule asks --------------------------------------------------------------------

    def prices(self, picked: Picked, of: PriceBase = "remaining") -> Sequence[int]:
        """Return what each picked unit costs, in the order of `picked.units`."""
        line, places = picked
        units = self.units[line] if of == "remaining" else self.list_units(line)
        return units if len(places) == len(units) else [units[place] for place in places]

    def list_units(self, line: int) -> tuple[int, ...]:
        """Return what each unit of a line costs at list."""
        units = len(self.units[line])
        return (self.lists[line],) if units == 1 else (self.lines[line].unit_price,) * units

    def cost(self, picked: Picked) -> int:
        """Return what the picked units of one line still cost together."""
        line, places = picked
        units = self.units[line]
        if len(places) == len(units):
            return self.left[line]
        return sum([units[place] for place in places])

    def amount(self, selection: Selection, of: PriceBase = "remaining") -> int:
        """Return what all picked units cost together."""
        if of == "list":
            return sum([sum(self.prices(picked, of)) for picked in selection])
        return self.payable if selection is self.everything else sum(self._costs(selection))

    def whole(self, picked: Picked) -> bool:
        """Tell whether all units of the line are picked."""
        return len(picked.units) == len(self.units[picked.line])

    def _costs(self, selection: Selection) -> list[int]:
        if selection is self.everything:
            return self.left
        return [self.cost(picked) for picked in selection]

    # --- what a rule answers -----------------------------------------------------------------

    def cut(self, picked: Picked, offs: Sequence[int]) -> Cut:
        """Return the cut that takes `offs` off the picked units, in their order."""
        line, places = picked
        whole = len(self.units[line])
        if len(places) == whole:
            return Cut(line, tuple(offs))
        units = [0] * whole
        for place, off in zip(places, offs, strict=True):
            units[place] = off
        return Cut(line, tuple(units))

    def spread(self, picked: Picked, amount: int) -> Cut:
        """Share `amount` over the picked units of one line, at most what they still cost."""
        line, places = picked
        units = self.units[line]
        if len(places) != len(units):
            prices = [units[place] for place in places]
            most = min(amount, sum(prices))
            return self.cut(picked, split(most, prices, self.odd_cent))
        if amount >= self.left[line]:
            return Cut(line, units)
        if len(units) == 1:
            return Cut(line, (amount,))
        return Cut(line, tuple(split(amount, units, self.odd_cent)))

    def share(self, selection: Selection, amount: int) -> list[Cut]:
        """Share `amount` over lines and then over their units, at most what they still cost."""
        weights = self._costs(selection)
        shares = split(min(amount, sum(weights)), weights, self.odd_cent)
        units = self.units
        return [
            Cut(picked[0], (part,)) if len(units[picked[0]]) == 1 else self.spread(picked, part)
            for picked, part in zip(selection, shares, strict=True)
            if part
        ]

    # --- what comes true ---------------------------------------------------------------------

    def fitting(self, cuts: Iterable[Cut]) -> tuple[Cut, ...]:
        """Return the cuts as they really would be; () if they would lower nothing.

        What has no room is lost. A cut of nothing is left out, unless it says what its line costs
        exactly and another lowers something.
        """
        fits: list[Cut] = []
        units, floored = self.units, any(self.least)
        for cut in cuts:
            line, wanted = cut.line, cut.units
            room = self.room(line, units[line]) if floored else units[line]
            # Of single units the tuples compare as what is in them does.
            if wanted > room if len(wanted) == 1 else not all(map(le, wanted, room)):
                fits.append(Cut(line, tuple(map(min, wanted, room))))
            else:
                fits.append(cut)
        fits = [fit for fit in fits if any(fit.units) or fit.exact is not None]
        if self.exact and not any([any(fit.units) for fit in fits]):
            return ()
        return tuple(fits)

    def take(self, fitting: tuple[Cut, ...]) -> tuple[Cut, ...]:
        """Lower the prices by cuts that fit, and return those that lowered one."""
        lefts, prices, payable = self.left, self.units, self.payable
        for cut in fitting:
            line, units = cut.line, cut.units
            off = sum(units)
            left = lefts[line] = lefts[line] - off
            prices[line] = (left,) if len(units) == 1 else tuple(map(sub, prices[line], units))
            payable -= off
        self.payable = payable
        if not self.exact:
            return fitting
        for cut in fitting:
            now = self.exact[cut.line] - sum(cut.units) if cut.exact is None else cut.exact
            self.exact[cut.line] = max(Fraction(0), now)
        return tuple([cut for cut in fitting if any(cut.units)])

    def room(self, line: int, prices: tuple[int, ...]) -> tuple[int, ...]:
        """Return how far each unit of a line may still fall from these prices."""
        least = self.least[line]
        return tuple([max(0, price - least) for price in prices]) if least else prices


def start(
    lines: tuple[Line, ...], rounding: Rounding, odd_cent: OddCent, *, exact: bool = False
) -> Running:
    """Return the prices before any rule: list. `exact` keeps the base of percentages exact."""
    lists = [line.list_amount for line in lines]
    counts = [line.units for line in lines]
    units = [
        (amount,) if count == 1 else (line.unit_price,) * count
        for line, amount, count in zip(lines, lists, counts, strict=True)
    ]
    return Running(
        lines=lines, everything=[*map(_whole, range(len(lines)), counts)],
        lists=tuple(lists), left=lists, payable=sum(lists),
        units=units, least=[_least(line, rounding) if line.product.floor else 0 for line in lines],
        rounding=rounding, odd_cent=odd_cent,
        exact=[Fraction(amount) for amount in lists] if exact else [],
    )  # fmt: skip


@lru_cache(maxsize=4_096)
def _whole(line: int, units: int) -> Picked:
    """Return a line with all its units; most baskets ask for the same few."""
    return Picked(line, tuple(range(units)))


def unit_price(line: Line, price: int, rounding: Rounding) -> int:
    """Return what one unit of a line costs at `price`: a piece, or the weighed line as a whole."""
    return price if line.product.unit == PIECE else extend(line.quantity, price, rounding)


def _least(line: Line, rounding: Rounding) -> int:
    return unit_price(line, line.product.floor or 0, rounding)
