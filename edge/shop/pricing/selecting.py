"""Which units a rule may touch at its turn, of those its target names."""

from collections.abc import Mapping

from edge.shop.pricing.compiled import Placed
from edge.shop.pricing.state import State
from edge.shop.rules.running import Picked, Running, Selection
from edge.shop.rules.target import Pick
from edge.shop.rules.units import FIRST, ordered, picked, units


def offered(placed: Placed, running: Running, about: Selection) -> Selection:
    """Return the lines that may be discounted, and that the rule does not spare as reduced."""
    spares, lines = placed.rule.spare_reduced, running.lines
    free = [
        each
        for each in about
        if (product := lines[each.line].product).discountable and not (spares and product.reduced)
    ]
    return about if len(free) == len(about) else free


def unclaimed(placed: Placed, selection: Selection, state: State) -> Selection:
    """Return the units that no other child of a group that shares out units has lowered."""
    claimed = state.claimed
    if not claimed:
        return selection
    free = [
        Picked(line, [unit for unit in some if not _lowered(placed, line, unit, claimed)])
        for line, some in selection
    ]
    return [each for each in free if each.units]


def _lowered(
    placed: Placed, line: int, unit: int, claimed: Mapping[tuple[str, int, int], str]
) -> bool:
    """Tell whether another child of one of the groups around a rule has lowered a unit."""
    return any(
        claimed.get((step.group.id, line, unit), step.child) != step.child for step in placed.claims
    )


def chosen(pick: Pick, running: Running, selection: Selection) -> Selection:
    """Return the cheapest or the dearest units, by what they cost now; ties go by line."""
    return picked(ordered(units(running, selection), FIRST[pick.which])[: pick.count])


def dearest(count: int, running: Running, selection: Selection) -> Selection:
    """Return the dearest units, at most `count`."""
    if sum([len(each.units) for each in selection]) <= count:
        return selection
    return picked(ordered(units(running, selection), "dearest_first")[:count])
