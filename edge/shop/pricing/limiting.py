"""How much of a rule there is: limits, caps and budgets, and what becomes of what has no room.

Counted before the rule acts: uses and units. Afterwards, in this order: what a unit's price floor
leaves no room for; a cap per unit; a cap per line; then the least that caps per order and budgets
have left, for everything together. Caps and budgets scale what each unit would get by
`money.split`, so that the odd minor units fall as the bundle declares.
"""

from collections.abc import Iterable, Sequence

from edge.shop.money import split
from edge.shop.pricing.compiled import IN_SALE, Placed
from edge.shop.pricing.state import USED, State
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import Limit
from edge.shop.rules.running import Cut, Running, Selection

UNLIMITED = 10**15
"""More uses, units or minor units than any sale has."""

CHAIN_WIDE = frozenset({"member", "member_day", "total"})
"""What a limit counts in other stores too, so that only the cloud knows it for sure."""


def out_of_reach(placed: Placed, state: State) -> Miss | None:
    """Return R-NEEDS-CLOUD for a rule that may not go on by what this box alone has counted."""
    if not placed.counted or state.occasion.asked.online:
        return None
    denied = [
        limit for limit in placed.rule.limits
        if limit.offline == "deny" and limit.per in CHAIN_WIDE
    ]  # fmt: skip
    return Miss("R-NEEDS-CLOUD") if denied else None


def room(placed: Placed, of: str, state: State) -> tuple[int, Miss | None]:
    """Return how many uses or units, or how much, is left of a rule; with a Miss if nothing is.

    Caps per unit and per line are not counted here: they begin anew each time the rule acts.
    """
    least, miss = UNLIMITED, None
    for limit in placed.limits.get(of, ()):
        if limit.per in {"unit", "line"}:
            continue
        left = max(0, limit.max - _spent(placed.rule.id, limit, state))
        if left < least:
            least = left
            miss = _reached(limit)
    return least, None if least else miss


def _reached(limit: Limit) -> Miss:
    if limit.of == "amount":
        return Miss("R-BUDGET-SPENT", {"budget": limit.max, "per": limit.per})
    return Miss("R-LIMIT-REACHED", {"limit": limit.max, "per": limit.per})


def _spent(rule: str, limit: Limit, state: State) -> int:
    in_this_sale = state.used.get(rule, (0, 0, 0))[USED[limit.of]]
    if limit.per in IN_SALE:
        return in_this_sale
    return in_this_sale + state.occasion.asked.counters.get(f"{rule}|{limit.of}|{limit.per}", 0)


def fitted(
    placed: Placed, running: Running, selection: Selection, cuts: Sequence[Cut], budget: int
) -> tuple[Cut, ...] | None:
    """Return the cuts that floors, caps and `budget` have room for, None if the rule is dropped."""
    asked = {cut.line: list(map(min, cut.units, running.units[cut.line])) for cut in cuts}
    real = {
        line: list(map(min, units, running.room(line, running.units[line])))
        for line, units in asked.items()
    }
    if placed.rule.overflow == "moves":
        _move(running, selection, real, _sum(asked.values()) - _sum(real.values()))
    wanted = _sum(asked.values())
    for limit in placed.limits.get("amount", ()):
        if limit.per == "unit":
            real = {line: [min(limit.max, off) for off in offs] for line, offs in real.items()}
    for limit in placed.limits.get("amount", ()):
        if limit.per == "line":
            real = {line: _scaled(offs, limit.max, running) for line, offs in real.items()}
    flat = _scaled([off for offs in real.values() for off in offs], budget, running)
    if placed.rule.overflow == "drops" and sum(flat) < wanted:
        return None
    exact = {cut.line: cut for cut in cuts}
    fits, start = [], 0
    for line, offs in real.items():
        units = tuple(flat[start : start + len(offs)])
        start += len(offs)
        before = exact.get(line)
        fits.append(before if before and before.units == units else Cut(line, units))
    return tuple(fits)


def _sum(lines: Iterable[Sequence[int]]) -> int:
    return sum([sum(units) for units in lines])


def _scaled(offs: list[int], most: int, running: Running) -> list[int]:
    return offs if sum(offs) <= most else split(most, offs, running.odd_cent)


def _move(running: Running, selection: Selection, real: dict[int, list[int]], lost: int) -> None:
    """Share what was lost over the other selected units, by the room they still have."""
    spare = []
    for line, units in selection:
        offs = real.setdefault(line, [0] * len(running.units[line]))
        free = running.room(line, running.units[line])
        spare += [(line, unit, free[unit] - offs[unit]) for unit in units]
    rooms = [space for _, _, space in spare]
    moved = min(lost, sum(rooms))
    if moved:
        for (line, unit, _), more in zip(spare, split(moved, rooms, running.odd_cent), strict=True):
            real[line][unit] += more
