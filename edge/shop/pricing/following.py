"""The turns one after the other: stages, and the groups that weigh their children.

A best-of group of scope `order` is decided when the first rule inside it has its turn. Each child
that has a rule whose fixed conditions hold is followed to the end of all turns, where groups that
come later are decided in the same way, and the best end wins. So a later group always chooses
knowing what earlier ones chose, and an earlier one knowing how later ones will answer.
"""

from collections.abc import Sequence
from itertools import groupby
from math import prod

from edge.shop.bundle import Group
from edge.shop.pricing.charging import total
from edge.shop.pricing.compiled import Placed, Step
from edge.shop.pricing.judging import judge
from edge.shop.pricing.sharing import share_out
from edge.shop.pricing.state import State, Turn

EFFORT_MAX = 20_000
"""How many times a rule may look at a line while all combinations are tried: some 0.2 s on a slow
box. A hundred rules that are about two lines each stay below it with all of 64 combinations."""


def follow(state: State, at: int = 0) -> State:
    """Judge the turns from `at` on, and return how it ends: the stages of lines are over, too."""
    while at < len(state.turns):
        if state.turns[at].placed.stage.number != state.stage:
            _enter(state, at)
        turn = state.turns[at]
        placed = turn.placed
        step = _undecided(placed, state) if placed.weighed else None
        if step is None:
            judge(turn, state)
            at += 1
        elif step.group.scope == "unit":
            at = _share_out(state, at, step.group)
        elif end := _decide(state, at, step.group):
            return end
    state.end_lines()
    return state


def too_many(turns: Sequence[Turn], combinations_max: int) -> bool:
    """Tell whether best-of groups are to be decided one after the other.

    They are where they have more combinations than the bundle allows, or where following all of
    them would take more than `EFFORT_MAX`.
    """
    options: dict[str, set[str]] = {}
    for turn in turns:
        if turn.placed.weighed and not turn.misses:
            for step in turn.placed.steps:
                if step.best and step.group.scope == "order":
                    options.setdefault(step.group.id, set()).add(step.child)
    if not options:
        return False
    combinations = prod(len(children) for children in options.values())
    effort = sum(len(turn.about) for turn in turns if not turn.misses)
    return combinations > combinations_max or combinations * effort > EFFORT_MAX


def _undecided(placed: Placed, state: State) -> Step | None:
    """Return the outermost step through a best-of group that has not chosen its child yet."""
    for step in placed.steps:
        if step.best and step.group.id not in state.chosen:
            return step
        if step.group.scope == "unit" or step.group.mode == "all":
            continue
        taken = state.chosen.get(step.group.id) or state.winners.get(step.group.id)
        if taken is not None and taken != step.child:
            return None
    return None


# --- a stage begins ------------------------------------------------------------------------------


def _enter(state: State, at: int) -> None:
    stage = state.turns[at].placed.stage
    state.stage = stage.number
    if stage.number > state.occasion.rules.lines_stage_last:
        state.end_lines()
    if stage.order == "largest_saving":
        state.turns = [*state.turns[:at], *_by_saving(state, at)]


def _by_saving(state: State, at: int) -> list[Turn]:
    """Return the turns from `at` on; in this stage the items that save most alone come first."""
    rest = state.turns[at:]
    here = [turn for turn in rest if turn.placed.stage.number == state.stage]
    items = [list(some) for _, some in groupby(here, key=lambda turn: turn.placed.top)]
    items.sort(key=lambda some: (-_alone(state, some).saved(), some[0].placed.top))
    return [turn for some in items for turn in some] + list(rest[len(here) :])


def _alone(state: State, turns: Sequence[Turn]) -> State:
    """Follow only these turns from here, on a way of their own."""
    fork = state.fork()
    fork.turns = turns
    return follow(fork)


# --- a group chooses -----------------------------------------------------------------------------


def _share_out(state: State, at: int, group: Group) -> int:
    """Let every child of a group of scope `unit` act alone, share out; return the next turn."""
    depth = [step.group.id for step in state.turns[at].placed.steps].index(group.id)
    inside = [
        turn
        for turn in state.turns[at:]
        if any(step.group.id == group.id for step in turn.placed.steps)
    ]
    tries = []
    for child, some in groupby(inside, key=lambda turn: turn.placed.steps[depth].child):
        fork = state.fork()
        fork.chosen[group.id] = child
        tries.append(_alone(fork, list(some)))
    share_out(state, group.id, group.mode, tries)
    return at + len(inside)


def _decide(state: State, at: int, group: Group) -> State | None:
    """Choose the child of a group that may act; return the end of it if that is known already."""
    options = _options(state.turns[at:], group)
    if len(options) < 2:
        state.chosen[group.id] = "".join(options)
        return None
    ends = [(child, _with(state, at, group, child)) for child in options]
    ends = [(child, end) for child, end in ends if group.id in end.winners]
    if not ends:
        state.chosen[group.id] = ""
        return None
    best = min if group.mode == "best_for_guest" else max
    if not state.occasion.one_by_one:
        return best([end for _, end in ends], key=total)
    state.chosen[group.id] = best(ends, key=lambda each: -each[1].saved())[0]
    return None


def _options(turns: Sequence[Turn], group: Group) -> list[str]:
    """Return the children of a group that may act, in the order of their turns."""
    return list(
        dict.fromkeys(
            step.child
            for turn in turns
            if not turn.misses
            for step in turn.placed.steps
            if step.group.id == group.id
        )
    )


def _with(state: State, at: int, group: Group, child: str) -> State:
    """Follow the turns to their end with this child chosen; one by one, only its own turns."""
    fork = state.fork()
    fork.chosen[group.id] = child
    if not state.occasion.one_by_one:
        return follow(fork, at)
    return _alone(fork, [turn for turn in state.turns[at:] if _is_in(turn, group, child)])


def _is_in(turn: Turn, group: Group, child: str) -> bool:
    return any(step.group.id == group.id and step.child == child for step in turn.placed.steps)
