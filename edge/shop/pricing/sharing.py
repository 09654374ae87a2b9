"""Best-of groups of scope `unit`: every unit goes to one child of the group."""

from collections.abc import Mapping, Sequence

from edge.shop.pricing.coupons import one_too_many
from edge.shop.pricing.judging import barred
from edge.shop.pricing.state import Applied, State
from edge.shop.rules.conditions import Miss
from edge.shop.rules.rule import Effect
from edge.shop.rules.running import Cut

Unit = tuple[int, int]
"""A line and a place in it."""


def share_out(state: State, group: str, mode: str, tries: Sequence[State]) -> None:
    """Award each unit to one of the children, each of which went its own way in `tries`.

    The largest cut on a unit wins it, or the smallest above nothing; ties go to the earlier
    child. Of a child that won something the cuts on its units come true, its gifts and its
    coupons, unless an exclusive rule or the number of coupons stands against it. The rest are
    R-EXCLUDED-BY-GROUP. A unit that no child lowers, because what it would take rounds to nothing,
    belongs to nobody: its line keeps its exact price, too, where the bundle keeps that.
    """
    before = len(state.applied)
    offs = [_offs(tried.applied[before:]) for tried in tries]
    owner = _owners(offs, mode)
    excluded = Miss("R-EXCLUDED-BY-GROUP", {"group": group})
    known = len(state.missed)
    for tried in tries:
        state.missed += tried.missed[known:]
        state.judged |= {k: v for k, v in tried.judged.items() if v.reason != "R-APPLIED"}
    for number, tried in enumerate(tries):
        mine = {unit for unit, child in owner.items() if child == number}
        for applied in tried.applied[before:]:
            _come_true(state, applied, mine, excluded)


def _offs(applied: Sequence[Applied]) -> dict[Unit, int]:
    """Return what a child took off each unit."""
    offs: dict[Unit, int] = {}
    for item in applied:
        for cut in item.effect.cuts:
            for place, off in enumerate(cut.units):
                if off:
                    offs[cut.line, place] = offs.get((cut.line, place), 0) + off
    return offs


def _owners(offs: Sequence[Mapping[Unit, int]], mode: str) -> dict[Unit, int]:
    """Return the number of the child that wins each unit."""
    sign = 1 if mode == "best_for_guest" else -1
    owners: dict[Unit, int] = {}
    for number, mine in enumerate(offs):
        for unit, off in mine.items():
            held = owners.get(unit)
            if held is None or sign * off > sign * offs[held][unit]:
                owners[unit] = number
    return owners


def _won(cut: Cut, mine: set[Unit]) -> Cut:
    """Return what a cut takes off the units that were won; all of it if they all were."""
    units = tuple([off if (cut.line, at) in mine else 0 for at, off in enumerate(cut.units)])
    return cut if units == cut.units else Cut(cut.line, units)


def _come_true(state: State, applied: Applied, mine: set[Unit], excluded: Miss) -> None:
    turn, effect = applied.turn, applied.effect
    cuts = [_won(cut, mine) for cut in effect.cuts]
    fits = state.running.fitting(cuts)
    if not mine or not (fits or effect.gifts or effect.coupons):
        state.miss(turn, excluded)
    elif against := barred(turn.placed, state) or one_too_many(turn, state):
        state.miss(turn, against)
    else:
        state.act(turn, Effect(fits, effect.times, effect.gifts, effect.coupons))
