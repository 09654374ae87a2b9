"""What a bill earns: the earning rules that hold, on what its goods and charges cost in the end."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from edge.shop.earning import Rate, UnitPoints, earned
from edge.shop.pricing.gates import unmet
from edge.shop.pricing.index import Index
from edge.shop.pricing.selecting import chosen
from edge.shop.pricing.state import Missed, State
from edge.shop.rules.conditions import Miss, nearest
from edge.shop.rules.points_earn import PointsEarn, PointsMultiplier
from edge.shop.rules.running import Picked, Selection
from edge.shop.rules.target import AllLines

Units = tuple[int, ...]
"""What each unit of a line costs."""

_R = TypeVar("_R", PointsEarn, PointsMultiplier)


class Levied(NamedTuple):
    """A charge on the bill: what it comes to, and whether it earns."""

    amount: int
    earns: bool


class Earned(NamedTuple):
    """What the rules that hold give, and the points that come of it if all is paid with money."""

    rates: tuple[Rate, ...]
    units: UnitPoints


def points(state: State, unspent: Sequence[Units], charges: Sequence[Levied]) -> Earned:
    """Return the points of every unit: of the lines of goods, then of each charge.

    `unspent` are the prices before points took something off. Guests earn nothing. Earning
    rules that do not hold are noted as missed.
    """
    rules, member = state.occasion.rules, state.scene.member
    policy = rules.bundle.programme.points
    base = unspent if policy.earn_on.points else state.running.units
    more = [(charge.amount,) for charge in charges]
    nets = (*base, *more)
    if not rules.earning:
        return Earned((), _none(nets))
    first = len(base)
    extra = [Picked(first + i, (0,)) for i, charge in enumerate(charges) if charge.earns]
    campaigns = [*_holding(rules.campaigns, rules.campaign_index, state, extra)]
    rates: list[Rate] = []
    for rule, selection in _holding(rules.earning, rules.earning_index, state, extra):
        counted = nets if rule.base == "net" else (*state.after_lines, *more)
        miss = rule.missing(counted, selection)
        if miss:
            state.missed.append(Missed(rule, miss, 1))
        elif member:
            own = None if rule.base == "net" else counted
            how = policy.multipliers
            rates.append(rule.rate(member.tier, selection, campaigns, how=how, nets=own))
    if not rates:
        return Earned((), _none(nets))
    return Earned(tuple(rates), earned(nets, rates, flooring=policy.flooring))


def _none(nets: Sequence[Sequence[int]]) -> UnitPoints:
    return tuple([(0,) * len(units) for units in nets])


def _holding(
    rules: Sequence[_R], index: Index, state: State, extra: Sequence[Picked]
) -> Iterator[tuple[_R, Selection]]:
    """Yield the rules that hold for a member, and the units they are about.

    A rule for the whole order that leaves some of the goods in is also about the charges that
    earn; where units are picked, it is about goods alone.
    """
    everything = state.running.everything
    for rank, lines in index.hits(state.running.lines, state.scene):
        rule: _R = rules[rank]
        about: Selection = [everything[i] for i in lines]
        misses: list[Miss] = unmet(rule.when, state.scene, state.running, about)
        if state.scene.member is None:
            misses = [Miss("R-NEEDS-MEMBER"), *[m for m in misses if m.reason != "R-NEEDS-MEMBER"]]
        if misses:
            state.missed.append(Missed(rule, nearest(misses), len(misses)))
        elif rule.target.pick:
            yield rule, chosen(rule.target.pick, state.running, about)
        else:
            yield rule, [*about, *(extra if isinstance(rule.target, AllLines) else ())]
