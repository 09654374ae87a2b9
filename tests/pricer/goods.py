"""The basket: its lines, their units, and what each unit costs at list and at least."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tests.pricer.arithmetic import rounded, split

Data = dict[str, Any]
Unit = tuple[int, int]
"""The number of a line and a place in it: a piece, or place 0 for a weighed line."""

Offs = dict[Unit, int]
"""What is taken off units; a unit that is not named keeps its price."""


class Goods:
    """A basket under a bundle's way of rounding."""

    def __init__(self, basket: Data, document: Data) -> None:
        self.lines: Sequence[Data] = basket["lines"]
        self.rounding: str = document.get("rounding", "half_up")
        self.odd_cent: str = document.get("odd_cent", "largest_remainder")
        self.units = [unit for line in range(len(self.lines)) for unit in self.of_line(line)]
        self.list = {unit: self._list(unit) for unit in self.units}

    def product(self, unit: Unit) -> Data:
        product: Data = self.lines[unit[0]]["product"]
        return product

    def quantity(self, unit: Unit) -> Fraction:
        """Return what a unit counts where a quantity is measured."""
        return Fraction(self.lines[unit[0]]["quantity"]) if self._weighed(unit[0]) else Fraction(1)

    def of_line(self, line: int) -> list[Unit]:
        count = 1 if self._weighed(line) else int(self.lines[line]["quantity"])
        return [(line, place) for place in range(count)]

    def at(self, unit: Unit, price: int) -> int:
        """Return what a unit costs at a price: of a piece, or of one kilogram."""
        return rounded(self.quantity(unit) * price, self.rounding)

    def floor(self, unit: Unit) -> int:
        """Return below which amount no rule brings this unit."""
        floor = self.product(unit).get("floor")
        return 0 if floor is None else self.at(unit, floor)

    def _weighed(self, line: int) -> bool:
        return bool(self.lines[line]["product"].get("unit", "piece") != "piece")

    def _list(self, unit: Unit) -> int:
        line = self.lines[unit[0]]
        return rounded(self.quantity(unit) * line["unit_price"], line.get("rounding", "half_up"))


def by_line(units: Iterable[Unit]) -> dict[int, list[Unit]]:
    """Return the units of each line, lines and places ascending."""
    lines: dict[int, list[Unit]] = {}
    for unit in sorted(units):
        lines.setdefault(unit[0], []).append(unit)
    return lines


def shared(amount: int, weights: Mapping[Unit, int], odd_cent: str) -> Offs:
    """Share an amount over lines, then over the units of each; never more than the weights."""
    amount = min(amount, sum(weights.values()))
    lines = by_line(weights)
    parts = split(amount, [sum(weights[u] for u in units) for units in lines.values()], odd_cent)
    offs: Offs = {}
    for units, part in zip(lines.values(), parts, strict=True):
        offs |= zip(units, split(part, [weights[u] for u in units], odd_cent), strict=True)
    return offs
