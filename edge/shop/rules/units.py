"""Single units out of a selection: put in order, told apart by goods, brought back together."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import add, lt
from typing import Literal, NamedTuple

from edge.shop.basket import Product
from edge.shop.rules.running import Cut, Picked, Running, Selection
from edge.shop.rules.target import AllLines, Categories, Products, Target

Order = Literal["dearest_first", "cheapest_first", "as_entered"]
"""In which order units are counted: by what they still cost, ties by line and by place in the
line; or as they stand in the basket."""

Which = Literal["cheapest", "dearest"]
"""Which units come first where only some do."""

FIRST: dict[Which, Order] = {"cheapest": "cheapest_first", "dearest": "dearest_first"}


class Unit(NamedTuple):
    """One unit: what it still costs, its line, and its place in the line."""

    price: int
    line: int
    place: int


def units(running: Running, selection: Selection) -> list[Unit]:
    """Return the selected units one by one, as entered."""
    return [
        Unit(price, picked.line, place)
        for picked in selection
        for price, place in zip(running.prices(picked), picked.units, strict=True)
    ]


def paid(running: Running, selection: Selection) -> list[Unit]:
    """Return the selected units that still cost something, as entered."""
    return [unit for unit in units(running, selection) if unit.price]


def about(target: Target, running: Running, some: Iterable[Unit]) -> list[Unit]:
    """Return those of the units that `target` names and picks, in the same order."""
    named = [unit for unit in some if names(target, running.lines[unit.line].product)]
    if target.pick is None:
        return named
    first = set(ordered(named, FIRST[target.pick.which])[: target.pick.count])
    return [unit for unit in named if unit in first]


def names(target: Target, product: Product) -> bool:
    """Tell whether a product is among the goods that `target` names."""
    if target.spares(product):
        return False
    match target:
        case Products(ids=ids):
            return product.id in ids
        case Categories(ids=ids):
            return product.category in ids
        case AllLines():
            return True


def ordered(some: Iterable[Unit], order: Order) -> list[Unit]:
    """Return the units in this order."""
    if order == "dearest_first":
        return sorted(some, key=lambda unit: (-unit.price, unit.line, unit.place))
    if order == "cheapest_first":
        return sorted(some)
    return sorted(some, key=lambda unit: unit[1:])


def picked(some: Iterable[Unit]) -> list[Picked]:
    """Return the units as a selection: lines and places ascending."""
    places = sorted(unit[1:] for unit in some)
    return [
        Picked(line, [place for _, place in group])
        for line, group in groupby(places, key=lambda at: at[0])
    ]


def merged(cuts: Sequence[Cut]) -> tuple[Cut, ...]:
    """Return the cuts added up, one a line in the order of lines; those of nothing are left out."""
    lines = [cut.line for cut in cuts]
    if all(map(lt, lines, lines[1:])):
        return tuple([cut for cut in cuts if any(cut.units)])
    sums: dict[int, tuple[int, ...]] = {}
    for cut in cuts:
        before = sums.get(cut.line)
        sums[cut.line] = tuple(map(add, before, cut.units)) if before else cut.units
    return tuple([Cut(line, sums[line]) for line in sorted(sums) if any(sums[line])])
