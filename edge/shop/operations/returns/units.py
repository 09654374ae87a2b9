"""Which units of a sale come back: never one twice, never more than was sold."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from edge.shop.declined import Declined
from edge.shop.facts import SaleMade
from edge.shop.facts.returns import TakenBack

Place = tuple[int, int]
"""One unit of a sale: the number of its line and its place in the line, both from 0."""


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one line: their places in it, or how many more of them, or both."""

    line: int
    units: tuple[int, ...] = ()
    count: int = 0


def everything(sale: SaleMade) -> tuple[Place, ...]:
    """Return all units of a sale, gifts and charges too, in the order of its lines."""
    return tuple(
        [(n, unit) for n, line in enumerate(sale.lines) for unit in range(len(line.unit_nets))]
    )


def came_back(earlier: Iterable[TakenBack]) -> frozenset[Place]:
    """Return the units that came back with these."""
    return frozenset(
        [(line.line, unit) for fact in earlier for line in fact.lines for unit in line.units]
    )


def left(sale: SaleMade, earlier: Iterable[TakenBack]) -> tuple[Back, ...]:
    """Return what to ask for so that all comes back that has not yet."""
    gone = came_back(earlier)
    rest: dict[int, list[int]] = {}
    for line, unit in everything(sale):
        if (line, unit) not in gone:
            rest.setdefault(line, []).append(unit)
    return tuple([Back(line=line, units=tuple(units)) for line, units in rest.items()])


def chosen(
    sale: SaleMade,
    gone: frozenset[Place],
    asked: Sequence[Back],
    order: Literal["cheapest", "dearest"],
) -> tuple[Place, ...] | Declined:
    """Return the units that are meant, in the order of the receipt.

    Named places go first, then what only was counted, in the declared order of what each unit
    cost in the end. E-RETURN-NOTHING for none, E-RETURN-TOO-MANY for more than there are.
    """
    named = [(back.line, unit) for back in asked for unit in back.units]
    free = dict.fromkeys([place for place in everything(sale) if place not in gone])
    for place in named:
        if place not in free:
            return _too_many(sale, gone, asked, place[0])
        del free[place]
    picked = list(named)
    sign = 1 if order == "cheapest" else -1
    free_first = sorted(free, key=lambda place: sign * sale.lines[place[0]].unit_nets[place[1]])
    for back in asked:
        mine = [place for place in free_first if place[0] == back.line and place in free]
        if not 0 <= back.count <= len(mine):
            return _too_many(sale, gone, asked, back.line)
        for place in mine[: back.count]:
            picked.append(place)
            del free[place]
    return tuple(sorted(picked)) if picked else Declined("E-RETURN-NOTHING")


def _too_many(sale: SaleMade, gone: frozenset[Place], asked: Sequence[Back], line: int) -> Declined:
    known = 0 <= line < len(sale.lines)
    units = len(sale.lines[line].unit_nets) if known else 0
    params: dict[str, str | int] = {
        "product_zh": sale.lines[line].name_zh if known else str(line),
        "product_en": sale.lines[line].name_en if known else str(line),
        "asked": sum(len(back.units) + back.count for back in asked if back.line == line),
        "left": units - sum(at == line for at, _ in gone),
    }
    return Declined("E-RETURN-TOO-MANY", params)


def torn(sale: SaleMade, picked: Iterable[Place]) -> Declined | None:
    """Return E-RETURN-SET if only a part of what was discounted together comes back.

    Together belong the units that one rule lowered, and what is so linked to each other.
    """
    together: dict[Place, set[Place]] = {}
    for rule in {cut.rule for line in sale.lines for cut in line.discounts}:
        joined = lowered_by(sale, rule)
        for place in list(joined):
            joined |= together.get(place, set())
        together |= dict.fromkeys(joined, joined)
    back = set(picked)
    for place in sorted(back):
        missing = together.get(place, set()) - back
        if missing:
            line = sale.lines[min(missing)[0]]
            names = {"product_zh": line.name_zh, "product_en": line.name_en}
            return Declined("E-RETURN-SET", {**names})
    return None


def lowered_by(sale: SaleMade, rule: str) -> set[Place]:
    """Return the units a rule took something off."""
    return {
        (n, unit)
        for n, line in enumerate(sale.lines)
        for cut in line.discounts
        if cut.rule == rule
        for unit, off in enumerate(cut.units)
        if off
    }
