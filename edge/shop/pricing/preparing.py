"""What is known before the first turn: who could act on this basket, and on which goods."""

from collections.abc import Iterator
from heapq import nsmallest

from edge.shop.basket import Basket
from edge.shop.calendar import Moment
from edge.shop.pricing.asked import Asked
from edge.shop.pricing.compiled import Placed, RuleSet
from edge.shop.pricing.coupons import sorted_out
from edge.shop.pricing.following import too_many
from edge.shop.pricing.gates import Gates, unmet
from edge.shop.pricing.index import matching
from edge.shop.pricing.judging import NOT_DISCOUNTABLE
from edge.shop.pricing.selecting import offered
from edge.shop.pricing.state import NOT_APPLIED_MAX, Fee, Missed, Occasion, State, Turn
from edge.shop.rules.conditions import Miss, Scene, nearest
from edge.shop.rules.running import Running, start
from edge.shop.rules.target import AllLines
from edge.shop.sale import CouponJudged


def prepare(basket: Basket, rules: RuleSet, at: Moment, terminal_kind: str, asked: Asked) -> State:
    """Return the state before the first turn: list prices, and the turns there will be."""
    bundle = rules.bundle
    scene = Scene(
        member=basket.member, terminal_kind=terminal_kind, moment=at,
        store=asked.store or bundle.store, region=asked.region, channel=asked.channel,
        online=asked.online, holidays=_holidays(rules, at),
    )  # fmt: skip
    running = start(
        basket.lines, bundle.rounding, bundle.odd_cent, exact=bundle.running_base == "exact"
    )
    turns, missed = _turns(rules, scene, running)
    judged: dict[int, CouponJudged] = {}
    if asked.coupons:
        shown, judged = _shown(rules, scene, running, asked)
        turns = [*turns, *shown]
        turns.sort(key=lambda turn: (rules.turns[turn.placed.rule.id], turn.coupon or 0))
    occasion = Occasion(
        rules=rules,
        asked=asked,
        member=basket.member is not None,
        fees=_fees(rules, scene, running),
        one_by_one=too_many(turns, bundle.combinations_max),
    )
    return State(
        occasion=occasion, turns=turns, scene=scene, running=running, missed=missed, judged=judged
    )


def _holidays(rules: RuleSet, at: Moment) -> tuple[str, ...]:
    return tuple([name for name, days in rules.bundle.holidays.items() if at.date in days])


def _turns(rules: RuleSet, scene: Scene, running: Running) -> tuple[list[Turn], list[Missed]]:
    """Return the turns in their order, and the rules whose turn would not matter: they miss."""
    lines, everything, discounts = running.lines, running.everything, rules.discounts
    count = len(lines)
    free = _all_free(running)
    gates = Gates(rules.gates, scene, running) if free else None
    turns, missed = [], []
    for rank, places in rules.discount_index.hits(lines, scene, gates):
        placed = discounts[rank]
        about = everything if len(places) == count else [everything[place] for place in places]
        misses = unmet(placed.fixed, scene, running, about) if placed.fixed else []
        offers = about if free else offered(placed, running, about)
        if not offers:
            misses.append(NOT_DISCOUNTABLE)
        if misses and placed.idle:
            missed.append(Missed(placed.rule, nearest(misses), len(misses)))
        else:
            turns.append(Turn(placed, about, offers, misses))
    if gates:
        missed += _kept_back(rules, gates)
    return turns, missed


def _all_free(running: Running) -> bool:
    """Tell whether all goods may be discounted, and none of them is reduced already."""
    for line in running.lines:
        product = line.product
        if product.reduced or not product.discountable:
            return False
    return True


def _kept_back(rules: RuleSet, gates: Gates) -> Iterator[Missed]:
    """Yield the rules behind shut gates, of each gate no more than could be explained."""
    for gate, ranks in gates.kept_back.items():
        misses = gates[gate]
        miss = nearest(misses)
        some = [rules.discounts[rank].rule for rank in ranks]
        if len(some) > NOT_APPLIED_MAX:
            some = nsmallest(NOT_APPLIED_MAX, some, key=lambda rule: rule.id)
        for rule in some:
            yield Missed(rule, miss, len(misses))


def _shown(
    rules: RuleSet, scene: Scene, running: Running, asked: Asked
) -> tuple[list[Turn], dict[int, CouponJudged]]:
    """Return the turns of the coupons that are shown, and the coupons that get none."""
    turns = []
    shown, judged = sorted_out(rules, asked)
    for place, placed in shown:
        about = [running.everything[i] for i in matching(placed.rule.target, running.lines)]
        misses = unmet(placed.fixed, scene, running, about)
        offers = offered(placed, running, about)
        if not offers:
            misses.append(NOT_DISCOUNTABLE if about else _needs_goods(placed))
        turns.append(Turn(placed, about, offers, misses, place))
    return turns, judged


def _needs_goods(placed: Placed) -> Miss:
    """Say which goods a coupon is for that are not in the basket."""
    target = placed.rule.target
    goods = "" if isinstance(target, AllLines) else ", ".join(target.ids)
    return Miss("R-NEEDS-GOODS", {"goods": goods, "units": 1})


def _fees(rules: RuleSet, scene: Scene, running: Running) -> tuple[Fee, ...]:
    if not rules.charges:
        return ()
    fees = []
    for rank, places in rules.charge_index.hits(running.lines, scene):
        about = [running.everything[i] for i in places]
        rule, units = rules.charges[rank], sum([len(each.units) for each in about])
        pick = rule.target.pick
        fees.append(Fee(rule, about, min(units, pick.count) if pick else units))
    return tuple(fees)
