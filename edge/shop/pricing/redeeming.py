"""Points as discount: the last thing that lowers a bill, after all groups have chosen."""

from typing import NamedTuple

from edge.shop.pricing.asked import PointsAsked
from edge.shop.pricing.gates import unmet
from edge.shop.pricing.index import matching
from edge.shop.pricing.judging import NOT_DISCOUNTABLE
from edge.shop.pricing.selecting import chosen
from edge.shop.pricing.state import Missed, State
from edge.shop.rules.conditions import Miss, nearest
from edge.shop.rules.points_redeem import PointsRedeem, redeem
from edge.shop.rules.running import Cut

STAGE = 6
"""The stage of points as discount."""


class Spent(NamedTuple):
    """Points that pay a part of the bill, and what they take off."""

    rule: PointsRedeem
    points: int
    cuts: tuple[Cut, ...]


def spend(state: State) -> list[Spent]:
    """Redeem the points that were asked for, rule by rule in the order of their ids.

    More than is held or allowed is reduced to what can be redeemed, with a note
    R-POINTS-REDUCED; asked for as "max" there is nothing to note. Goods that are not discountable
    may be paid with points: that they cannot be is the rule's own to say.
    """
    spent: list[Spent] = []
    for rule in state.occasion.rules.redeeming:
        asked = state.occasion.asked.points(rule.programme)
        before = sum(each.points for each in spent if each.rule.programme == rule.programme)
        left = asked.points if asked.points == "max" else asked.points - before
        if asked.points == 0 or left == 0:
            continue
        done = _spend(rule, state, PointsAsked(left, asked.held - before))
        if done.points:
            spent.append(done)
    return spent


def _spend(rule: PointsRedeem, state: State, asked: PointsAsked) -> Spent:
    everything = state.running.everything
    about = [everything[i] for i in matching(rule.target, state.running.lines)]
    misses = unmet(rule.when, state.scene, state.running, about)
    if not state.occasion.member:
        misses.append(Miss("R-NEEDS-MEMBER"))
    if not about:
        misses.append(NOT_DISCOUNTABLE)
    if misses:
        state.missed.append(Missed(rule, nearest(misses), len(misses)))
        return Spent(rule, 0, ())
    pick = rule.target.pick
    some = chosen(pick, state.running, about) if pick else about
    points, cuts = redeem(rule, state.running, some, asked.points, max(0, asked.held))
    if asked.points != "max" and points < asked.points:
        state.missed.append(Missed(rule, Miss("R-POINTS-REDUCED", {"points": points}), 1))
    fits = state.running.fitting(cuts)
    assert fits == cuts, "points pay what is there to be paid"
    return Spent(rule, points, state.running.take(fits))
