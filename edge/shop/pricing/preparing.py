"""What is known before the first turn: who could act on this basket, and on which goods."""

from collections.abc import Sequence

from edge.shop.basket import Basket, Line
from edge.shop.calendar import Moment
from edge.shop.pricing.asked import Asked
from edge.shop.pricing.compiled import Placed, RuleSet
from edge.shop.pricing.coupons import sorted_out
from edge.shop.pricing.following import too_many
from edge.shop.pricing.index import matching
from edge.shop.pricing.judging import NOT_DISCOUNTABLE, unmet
from edge.shop.pricing.selecting import offered, whole
from edge.shop.pricing.state import Fee, Occasion, State, Turn
from edge.shop.rules.conditions import Miss, Scene
from edge.shop.rules.running import Picked, Running, start
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
    lines = whole(running)
    turns, judged = _turns(rules, scene, running, lines, asked)
    occasion = Occasion(
        rules=rules,
        asked=asked,
        member=basket.member is not None,
        lines=lines,
        fees=_fees(rules, scene, lines, running.lines),
        one_by_one=too_many(turns, bundle.combinations_max),
    )
    return State(occasion=occasion, turns=turns, scene=scene, running=running, judged=judged)


def _holidays(rules: RuleSet, at: Moment) -> tuple[str, ...]:
    return tuple([name for name, days in rules.bundle.holidays.items() if at.date in days])


def _turns(
    rules: RuleSet, scene: Scene, running: Running, everything: Sequence[Picked], asked: Asked
) -> tuple[list[Turn], dict[int, CouponJudged]]:
    """Return the turns in their order, and the coupons that get none."""
    lines = running.lines
    plain = all([line.product.discountable and not line.product.reduced for line in lines])
    turns = []
    for rank, places in rules.discount_index.hits(lines, scene):
        about = everything if len(places) == len(lines) else [everything[i] for i in places]
        turns.append(_turn(rules.discounts[rank], scene, running, about, plain))
    if not asked.coupons:
        return turns, {}
    shown, judged = sorted_out(rules, asked)
    for place, placed in shown:
        about = [everything[i] for i in matching(placed.rule.target, lines)]
        turns.append(_turn(placed, scene, running, about, plain, place))
    turns.sort(key=lambda turn: (rules.turns[turn.placed.rule.id], turn.coupon or 0))
    return turns, judged


def _turn(
    placed: Placed,
    scene: Scene,
    running: Running,
    about: Sequence[Picked],
    plain: bool,
    coupon: int | None = None,
) -> Turn:
    """Return the turn of a rule; `plain` says that all goods may be discounted, and none is."""
    misses = unmet(placed.fixed, scene, running, about) if placed.fixed else []
    free = about if plain else offered(placed, running, about)
    if not about:
        misses.append(_needs_goods(placed))
    elif not free:
        misses.append(NOT_DISCOUNTABLE)
    return Turn(placed, about, free, tuple(misses), coupon)


def _needs_goods(placed: Placed) -> Miss:
    """Say which goods a coupon is for that are not in the basket."""
    target = placed.rule.target
    goods = "" if isinstance(target, AllLines) else ", ".join(target.ids)
    return Miss("R-NEEDS-GOODS", {"goods": goods, "units": 1})


def _fees(
    rules: RuleSet, scene: Scene, everything: Sequence[Picked], lines: Sequence[Line]
) -> tuple[Fee, ...]:
    if not rules.charges:
        return ()
    fees = []
    for rank, places in rules.charge_index.hits(lines, scene):
        about = [everything[i] for i in places]
        rule, units = rules.charges[rank], sum([len(each.units) for each in about])
        pick = rule.target.pick
        fees.append(Fee(rule, about, min(units, pick.count) if pick else units))
    return tuple(fees)
