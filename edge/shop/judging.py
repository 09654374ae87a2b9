"""Which candidate rules take effect: stage by stage, each group by its own way of choosing.

A candidate is a rule whose target is in the basket. Within a stage candidates stand in the
order of their tree: groups and rules by priority, then by id, so that the place in a file
never matters.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby

import msgspec

from edge.shop.rules import AnyDiscount, AnyRule
from edge.shop.rules.conditions import NEAREST_FIRST, AnyCondition, Miss, Scene
from edge.shop.rules.running import Cut, Running
from edge.shop.sale import Note

NOT_APPLIED_MAX = 20
"""How many rules that nearly took effect are explained."""


class Placed(msgspec.Struct, frozen=True):
    """A rule in its place: `path` are the groups around it and its own id, outermost first."""

    rule: AnyDiscount
    path: tuple[str, ...]
    rank: int


class Candidate(msgspec.Struct, frozen=True):
    """A placed rule and the lines of this basket it is about."""

    placed: Placed
    lines: Sequence[int]


class Applied(msgspec.Struct, frozen=True):
    """A rule that took effect, and what it really took."""

    rule: AnyDiscount
    cuts: tuple[Cut, ...]


class Missed(msgspec.Struct, frozen=True):
    """A rule that did not take effect; `unmet` counts what stands in its way."""

    note: Note
    unmet: int = 1


class Outcome(msgspec.Struct, frozen=True):
    """Prices after some rules, those that took effect and those that did not."""

    running: Running
    applied: tuple[Applied, ...] = ()
    missed: tuple[Missed, ...] = ()

    @property
    def saving(self) -> int:
        """All that was taken, in minor units."""
        return sum(sum(cut.units) for applied in self.applied for cut in applied.cuts)


def judge(
    candidates: Sequence[Candidate],
    modes: Mapping[str, str],
    scene: Scene,
    running: Running,
    depth: int = 0,
    mode: str = "all",
    group: str = "",
) -> Outcome:
    """Judge candidates that share their path up to `depth`; `modes` says how groups choose."""
    weighed: list[Outcome] = []
    for name, members in groupby(candidates, key=lambda candidate: candidate.placed.path[depth]):
        some = tuple(members)
        if len(some[0].placed.path) == depth + 1:
            outcome = _try(some[0], scene, running)
        else:
            outcome = judge(some, modes, scene, running, depth + 1, modes[name], name)
        weighed.append(outcome)
        if mode == "all":
            running = outcome.running
    return _all(weighed, running) if mode == "all" else _one(weighed, mode, group, running)


def _all(weighed: Sequence[Outcome], running: Running) -> Outcome:
    return Outcome(
        running,
        tuple([applied for outcome in weighed for applied in outcome.applied]),
        tuple([missed for outcome in weighed for missed in outcome.missed]),
    )


def _one(weighed: Sequence[Outcome], mode: str, group: str, running: Running) -> Outcome:
    """Choose one that takes effect and report the others as excluded by the group."""
    effective = [outcome for outcome in weighed if outcome.applied]
    missed = [missed for outcome in weighed for missed in outcome.missed]
    if not effective:
        return Outcome(running, (), tuple(missed))
    if mode == "best_for_guest":
        chosen = max(effective, key=lambda outcome: outcome.saving)
    elif mode == "best_for_shop":
        chosen = min(effective, key=lambda outcome: outcome.saving)
    else:
        chosen = effective[0]
    excluded = Miss("R-EXCLUDED-BY-GROUP", {"group": group})
    for outcome in effective:
        if outcome is not chosen:
            missed.extend(Missed(note(applied.rule, excluded)) for applied in outcome.applied)
    return Outcome(chosen.running, chosen.applied, tuple(missed))


def _try(candidate: Candidate, scene: Scene, running: Running) -> Outcome:
    rule = candidate.placed.rule
    misses = unmet(rule.when, scene, running, candidate.lines)
    lines = [i for i in candidate.lines if _may_lower(rule, running, i)]
    if not lines:
        misses.append(Miss("R-NOT-DISCOUNTABLE"))
    if misses:
        return Outcome(running, (), (Missed(note(rule, misses[0]), len(misses)),))
    after, taken = running.take(rule.cuts(running, lines))
    if not taken:
        return Outcome(running, (), (Missed(note(rule, Miss("R-NOTHING-LEFT"))),))
    return Outcome(after, (Applied(rule, taken),))


def unmet(
    when: Sequence[AnyCondition], scene: Scene, running: Running, lines: Sequence[int]
) -> list[Miss]:
    """Return all that stands in the way of these conditions, in their order."""
    if not when:
        return []
    found = [condition.missing(scene, running, lines) for condition in when]
    return [miss for miss in found if miss is not None]


def note(rule: AnyRule, miss: Miss) -> Note:
    """Return a note on a rule that did not take effect."""
    return Note(
        rule=rule.id, name_zh=rule.name_zh, name_en=rule.name_en,
        reason=miss.reason, params=miss.params,
    )  # fmt: skip


def nearest(missed: Sequence[Missed]) -> tuple[Note, ...]:
    """Return the notes a cashier can do most about, at most `NOT_APPLIED_MAX`, nearest first."""
    return tuple([item.note for item in sorted(missed, key=_distance)[:NOT_APPLIED_MAX]])


def _distance(missed: Missed) -> tuple[int, int, int, str]:
    miss = missed.note
    more = miss.params.get("more", 0)
    assert isinstance(more, int), "an amount is a number"
    return missed.unmet, NEAREST_FIRST.index(miss.reason), more, miss.rule


def _may_lower(rule: AnyDiscount, running: Running, line: int) -> bool:
    product = running.lines[line].product
    return product.discountable and not (rule.spare_reduced and product.reduced)
