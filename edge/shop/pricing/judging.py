"""One rule at its turn: does it hold, what may it touch, and what does it really do?

Asked in this order, and the first that stands in the way is the reason that is given:

1. the conditions (of several that are not met, the one that is mended most easily), and goods
   that are discounted at all (R-NOT-DISCOUNTABLE)
2. another child of a group of scope `order` (R-EXCLUDED-BY-GROUP), then an exclusive rule
   (R-EXCLUDED-BY-RULE)
3. limits that only the cloud can count (R-NEEDS-CLOUD); for a coupon, how many one sale may have
   (R-COUPON-MAX)
4. units that other children of a group of scope `unit` have not lowered (R-EXCLUDED-BY-GROUP); of
   these the target's `pick`, and of these the dearest, as far as a limit of units goes
5. limits and budgets that are used up (R-LIMIT-REACHED, R-BUDGET-SPENT)

Then the rule says what it would do to these units. What floors, caps and budgets leave no room
for is lost, moves, or drops the rule (R-NO-ROOM). A rule that takes nothing and gives nothing did
not act: R-GIFT-UNKNOWN, R-NEEDS-MEMBER if coupons are all it gives, what the rule says it is short
of (R-NEEDS-AMOUNT, R-NEEDS-COUNT, R-NEEDS-GOODS), or R-NOTHING-LEFT.
"""

from collections.abc import Iterable

from edge.shop.pricing.compiled import Placed
from edge.shop.pricing.coupons import one_too_many, worse
from edge.shop.pricing.gates import unmet
from edge.shop.pricing.limiting import UNLIMITED, fitted, out_of_reach, room
from edge.shop.pricing.selecting import chosen, dearest, unclaimed
from edge.shop.pricing.state import Missed, State, Turn
from edge.shop.rules.conditions import Miss, nearest
from edge.shop.rules.rule import Effect, Gift
from edge.shop.rules.running import Cut, Selection

NOT_DISCOUNTABLE = Miss("R-NOT-DISCOUNTABLE")
NOTHING_LEFT = Miss("R-NOTHING-LEFT")


def judge(turn: Turn, state: State) -> None:
    """Give a rule its turn: `state` learns what it did, or why it did nothing."""
    placed = turn.placed
    misses = turn.misses
    if placed.moving:
        misses = (*unmet(placed.moving, state.scene, state.running, turn.about), *misses)
    if misses:
        state.miss(turn, nearest(misses), len(misses))
        return
    if placed.plain and not state.alone:
        effect = placed.rule.effect(state.running, turn.offered, UNLIMITED)
        _settle(turn, state, turn.offered, effect, effect.cuts)
        return
    miss = barred(placed, state) or out_of_reach(placed, state) or one_too_many(turn, state)
    if miss:
        state.miss(turn, miss)
        return
    selection = _units(turn, state)
    if isinstance(selection, Miss):
        state.miss(turn, selection)
        return
    _act(turn, state, selection)


def barred(placed: Placed, state: State) -> Miss | None:
    """Return which group or rule keeps this rule out, None if nothing does."""
    for step in placed.steps:
        group = step.group
        if group.scope == "order" and group.mode != "all":
            taken = state.chosen.get(group.id) or state.winners.get(group.id)
            if taken is not None and taken != step.child:
                return Miss("R-EXCLUDED-BY-GROUP", {"group": group.id})
    others = [other for other in state.alone if _excludes(other, placed)]
    if placed.rule.exclusive not in {"no", "after"}:
        others += [other for other in state.acted if _excludes(placed, other)]
    return Miss("R-EXCLUDED-BY-RULE", {"rule": others[0].rule.id}) if others else None


def _excludes(exclusive: Placed, other: Placed) -> bool:
    """Tell whether `other` belongs to those a rule stands alone against; never to itself."""
    if other is exclusive:
        return False
    match exclusive.rule.exclusive:
        case "everything" | "after":
            return True
        case "level":
            return other.stage.level == exclusive.stage.level
        case "group":
            group = exclusive.rule.group
            return any(step.group.id == group for step in other.steps)
        case "no":
            return False


def _units(turn: Turn, state: State) -> Selection | Miss:
    """Return the units the rule may touch now."""
    placed, selection = turn.placed, turn.offered
    if placed.claims:
        selection = unclaimed(placed, selection, state)
        if not selection:
            return Miss("R-EXCLUDED-BY-GROUP", {"group": placed.claims[-1].group.id})
    if placed.pick:
        selection = chosen(placed.pick, state.running, selection)
    if "units" in placed.limits:
        left, miss = room(placed, "units", state)
        if miss:
            return miss
        selection = dearest(left, state.running, selection)
    return selection


def _act(turn: Turn, state: State, selection: Selection) -> None:
    placed, running = turn.placed, state.running
    times = budget = UNLIMITED
    if placed.limits:
        times, miss = room(placed, "uses", state)
        budget, spent = room(placed, "amount", state)
        if miss or spent:
            state.miss(turn, miss or spent or NOT_DISCOUNTABLE)
            return
    effect = placed.rule.effect(running, selection, times)
    cuts = effect.cuts
    if "amount" in placed.limits or placed.rule.overflow != "lost":
        fits = fitted(placed, running, selection, cuts, budget)
        if fits is None:
            state.miss(turn, Miss("R-NO-ROOM"))
            return
        cuts = fits
    _settle(turn, state, selection, effect, cuts)


def _settle(
    turn: Turn, state: State, selection: Selection, wanted: Effect, cuts: Iterable[Cut]
) -> None:
    """Let come true what is left of an effect: what fits, what is in stock, whom it can reach."""
    fits = state.running.fitting(cuts)
    if turn.coupon is not None and worse(turn, fits, state):
        state.miss(turn, Miss("R-COUPON-WORSE"))
        return
    if fits and not wanted.gifts and not wanted.coupons:
        state.act(turn, Effect(fits, wanted.times))
        return
    gifts = tuple([gift for gift in wanted.gifts if state.occasion.known(gift.product)])
    coupons = wanted.coupons if state.occasion.member else ()
    unknown = [gift for gift in wanted.gifts if gift not in gifts]
    if fits or gifts or coupons:
        state.act(turn, Effect(fits, wanted.times, gifts, coupons))
        state.missed += [Missed(turn.placed.rule, _unknown(gift), 1) for gift in unknown]
    elif unknown:
        state.miss(turn, _unknown(unknown[0]))
    elif wanted.coupons:
        state.miss(turn, Miss("R-NEEDS-MEMBER"))
    else:
        state.miss(turn, turn.placed.rule.short_of(state.running, selection) or NOTHING_LEFT)


def _unknown(gift: Gift) -> Miss:
    return Miss("R-GIFT-UNKNOWN", {"product": gift.product})
